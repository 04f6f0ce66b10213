/* Section 9 of the draft: the preprocessor's constants. */
#include "conform.h"

int main(void)
{
	CASE("D9-1 D9-2 D9-4", "what there is can be asked for by #if and by #ifdef") {
#if !HAVE_SCTP || !defined(HAVE_SCTP)
		case_failed("HAVE_SCTP");
#endif
#if !HAVE_SCTP_PRSCTP
		case_failed("HAVE_SCTP_PRSCTP");
#endif
#if !HAVE_SCTP_NOCONNECT || !HAVE_SCTP_MULTIBUF
		case_failed("HAVE_SCTP_NOCONNECT, HAVE_SCTP_MULTIBUF");
#endif
	}
	CASE("D9-3 D9-7", "what there is not is not defined") {
#ifdef HAVE_KERNEL_SCTP
		case_failed("HAVE_KERNEL_SCTP");
#endif
#ifdef HAVE_SCTP_SAT_NETWORK_CAPABILITY
		case_failed("HAVE_SCTP_SAT_NETWORK_CAPABILITY");
#endif
	}
	return cases_done();
}
