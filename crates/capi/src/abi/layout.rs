//! The structures of `linux/sctp.h`, to the byte.
//!
//! The members have the header's names, which explain them; padding is spelt out, so that no octet of a structure is
//! undefined. The table [`LAYOUTS`] is what `tests/layout.rs` holds against a C compiler.
#![allow(missing_docs, unsafe_code)]

use std::mem::{offset_of, size_of};

/// A structure of integers without undefined octets: any octets are a value, and the value is its octets.
///
/// # Safety
///
/// No padding, no invalid bit pattern, no reference.
pub unsafe trait Plain: Copy {
    /// All octets zero.
    fn zeroed() -> Self {
        // SAFETY: by the contract of the trait.
        unsafe { std::mem::zeroed() }
    }

    /// The value's octets.
    fn octets(&self) -> &[u8] {
        // SAFETY: by the contract of the trait every octet is defined.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast(), size_of::<Self>()) }
    }

    /// The value at the front of `octets`; `None` if they are too few.
    fn read(octets: &[u8]) -> Option<Self> {
        if octets.len() < size_of::<Self>() {
            return None;
        }
        // SAFETY: enough octets, and any octets are a value; unaligned is fine here.
        Some(unsafe { octets.as_ptr().cast::<Self>().read_unaligned() })
    }

    /// The value of as many octets as there are, the rest zero: for the shorter forms that older headers had.
    fn read_padded(octets: &[u8]) -> Self {
        let mut value = Self::zeroed();
        let len = octets.len().min(size_of::<Self>());
        // SAFETY: within the value, and any octets are a value.
        unsafe { std::ptr::copy_nonoverlapping(octets.as_ptr(), std::ptr::from_mut(&mut value).cast(), len) };
        value
    }
}

/// One structure: its C name, size, and members with offset and size.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub name: &'static str,
    pub size: usize,
    pub members: &'static [(&'static str, usize, usize)],
}

macro_rules! layouts {
    ($( [$($repr:tt)*] $name:ident $c:literal $size:literal { $( $field:ident : $ty:ty ),* $(,)? } )*) => {
        $(
            #[derive(Clone, Copy)]
            #[repr($($repr)*)]
            pub struct $name { $( pub $field: $ty ),* }

            // The sum of the members is the whole: nothing between them.
            const _: () = assert!(size_of::<$name>() == $size && 0 $(+ size_of::<$ty>())* == $size);

            // SAFETY: integers and arrays of them, and no padding (above).
            unsafe impl Plain for $name {}

            impl Default for $name {
                fn default() -> Self {
                    Self::zeroed()
                }
            }
        )*

        /// All structures, for the layout test.
        pub const LAYOUTS: &[Layout] = &[$(
            Layout {
                name: $c,
                size: $size,
                members: &[$( (
                    stringify!($field),
                    offset_of!($name, $field),
                    size_of::<$ty>(),
                ) ),*],
            },
        )*];
    };
}

/// `struct sockaddr_storage`, or the front of it that matters.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct SockaddrStorage(pub [u8; 128]);

impl Default for SockaddrStorage {
    fn default() -> Self {
        Self([0; 128])
    }
}

layouts! {
    [C] InitMsg "struct sctp_initmsg" 8 {
        sinit_num_ostreams: u16,
        sinit_max_instreams: u16,
        sinit_max_attempts: u16,
        sinit_max_init_timeo: u16,
    }
    [C] SndRcvInfo "struct sctp_sndrcvinfo" 32 {
        sinfo_stream: u16,
        sinfo_ssn: u16,
        sinfo_flags: u16,
        _pad: [u8; 2],
        sinfo_ppid: u32,
        sinfo_context: u32,
        sinfo_timetolive: u32,
        sinfo_tsn: u32,
        sinfo_cumtsn: u32,
        sinfo_assoc_id: i32,
    }
    [C] SndInfo "struct sctp_sndinfo" 16 {
        snd_sid: u16,
        snd_flags: u16,
        snd_ppid: u32,
        snd_context: u32,
        snd_assoc_id: i32,
    }
    [C] RcvInfo "struct sctp_rcvinfo" 28 {
        rcv_sid: u16,
        rcv_ssn: u16,
        rcv_flags: u16,
        _pad: [u8; 2],
        rcv_ppid: u32,
        rcv_tsn: u32,
        rcv_cumtsn: u32,
        rcv_context: u32,
        rcv_assoc_id: i32,
    }
    [C] NxtInfo "struct sctp_nxtinfo" 16 {
        nxt_sid: u16,
        nxt_flags: u16,
        nxt_ppid: u32,
        nxt_length: u32,
        nxt_assoc_id: i32,
    }
    [C] PrInfo "struct sctp_prinfo" 8 {
        pr_policy: u16,
        _pad: [u8; 2],
        pr_value: u32,
    }
    [C] AuthInfo "struct sctp_authinfo" 2 {
        auth_keynumber: u16,
    }
    [C] AssocChange "struct sctp_assoc_change" 20 {
        sac_type: u16,
        sac_flags: u16,
        sac_length: u32,
        sac_state: u16,
        sac_error: u16,
        sac_outbound_streams: u16,
        sac_inbound_streams: u16,
        sac_assoc_id: i32,
    }
    [C] PaddrChange "struct sctp_paddr_change" 148 {
        spc_type: u16,
        spc_flags: u16,
        spc_length: u32,
        spc_aaddr: SockaddrStorage,
        spc_state: i32,
        spc_error: i32,
        spc_assoc_id: i32,
    }
    [C] RemoteError "struct sctp_remote_error" 16 {
        sre_type: u16,
        sre_flags: u16,
        sre_length: u32,
        sre_error: u16,
        _pad: [u8; 2],
        sre_assoc_id: i32,
    }
    [C] SendFailed "struct sctp_send_failed" 48 {
        ssf_type: u16,
        ssf_flags: u16,
        ssf_length: u32,
        ssf_error: u32,
        ssf_info: SndRcvInfo,
        ssf_assoc_id: i32,
    }
    [C] SendFailedEvent "struct sctp_send_failed_event" 32 {
        ssf_type: u16,
        ssf_flags: u16,
        ssf_length: u32,
        ssf_error: u32,
        ssfe_info: SndInfo,
        ssf_assoc_id: i32,
    }
    [C] ShutdownEvent "struct sctp_shutdown_event" 12 {
        sse_type: u16,
        sse_flags: u16,
        sse_length: u32,
        sse_assoc_id: i32,
    }
    [C] AdaptationEvent "struct sctp_adaptation_event" 16 {
        sai_type: u16,
        sai_flags: u16,
        sai_length: u32,
        sai_adaptation_ind: u32,
        sai_assoc_id: i32,
    }
    [C] PdapiEvent "struct sctp_pdapi_event" 24 {
        pdapi_type: u16,
        pdapi_flags: u16,
        pdapi_length: u32,
        pdapi_indication: u32,
        pdapi_assoc_id: i32,
        pdapi_stream: u32,
        pdapi_seq: u32,
    }
    [C] AuthKeyEvent "struct sctp_authkey_event" 20 {
        auth_type: u16,
        auth_flags: u16,
        auth_length: u32,
        auth_keynumber: u16,
        auth_altkeynumber: u16,
        auth_indication: u32,
        auth_assoc_id: i32,
    }
    [C] SenderDryEvent "struct sctp_sender_dry_event" 12 {
        sender_dry_type: u16,
        sender_dry_flags: u16,
        sender_dry_length: u32,
        sender_dry_assoc_id: i32,
    }
    [C] StreamResetEvent "struct sctp_stream_reset_event" 12 {
        strreset_type: u16,
        strreset_flags: u16,
        strreset_length: u32,
        strreset_assoc_id: i32,
    }
    [C] AssocResetEvent "struct sctp_assoc_reset_event" 20 {
        assocreset_type: u16,
        assocreset_flags: u16,
        assocreset_length: u32,
        assocreset_assoc_id: i32,
        assocreset_local_tsn: u32,
        assocreset_remote_tsn: u32,
    }
    [C] StreamChangeEvent "struct sctp_stream_change_event" 16 {
        strchange_type: u16,
        strchange_flags: u16,
        strchange_length: u32,
        strchange_assoc_id: i32,
        strchange_instrms: u16,
        strchange_outstrms: u16,
    }
    [C] EventSubscribe "struct sctp_event_subscribe" 14 {
        sctp_data_io_event: u8,
        sctp_association_event: u8,
        sctp_address_event: u8,
        sctp_send_failure_event: u8,
        sctp_peer_error_event: u8,
        sctp_shutdown_event: u8,
        sctp_partial_delivery_event: u8,
        sctp_adaptation_layer_event: u8,
        sctp_authentication_event: u8,
        sctp_sender_dry_event: u8,
        sctp_stream_reset_event: u8,
        sctp_assoc_reset_event: u8,
        sctp_stream_change_event: u8,
        sctp_send_failure_event_event: u8,
    }
    [C] RtoInfo "struct sctp_rtoinfo" 16 {
        srto_assoc_id: i32,
        srto_initial: u32,
        srto_max: u32,
        srto_min: u32,
    }
    [C] AssocParams "struct sctp_assocparams" 20 {
        sasoc_assoc_id: i32,
        sasoc_asocmaxrxt: u16,
        sasoc_number_peer_destinations: u16,
        sasoc_peer_rwnd: u32,
        sasoc_local_rwnd: u32,
        sasoc_cookie_life: u32,
    }
    [C] SetPeerPrim "struct sctp_setpeerprim" 132 {
        sspp_assoc_id: i32,
        sspp_addr: SockaddrStorage,
    }
    [C] Prim "struct sctp_prim" 132 {
        ssp_assoc_id: i32,
        ssp_addr: SockaddrStorage,
    }
    [C] SetAdaptation "struct sctp_setadaptation" 4 {
        ssb_adaptation_ind: u32,
    }
    [C, packed] PaddrParams "struct sctp_paddrparams" 156 {
        spp_assoc_id: i32,
        spp_address: SockaddrStorage,
        spp_hbinterval: u32,
        spp_pathmaxrxt: u16,
        spp_pathmtu: u32,
        spp_sackdelay: u32,
        spp_flags: u32,
        spp_ipv6_flowlabel: u32,
        spp_dscp: u8,
        _pad: [u8; 1],
    }
    [C] AuthChunk "struct sctp_authchunk" 1 {
        sauth_chunk: u8,
    }
    [C] HmacAlgo "struct sctp_hmacalgo" 4 {
        shmac_num_idents: u32,
    }
    [C] AuthKey "struct sctp_authkey" 8 {
        sca_assoc_id: i32,
        sca_keynumber: u16,
        sca_keylength: u16,
    }
    [C] AuthKeyId "struct sctp_authkeyid" 8 {
        scact_assoc_id: i32,
        scact_keynumber: u16,
        _pad: [u8; 2],
    }
    [C] SackInfo "struct sctp_sack_info" 12 {
        sack_assoc_id: i32,
        sack_delay: u32,
        sack_freq: u32,
    }
    [C] AssocValue "struct sctp_assoc_value" 8 {
        assoc_id: i32,
        assoc_value: u32,
    }
    [C] StreamValue "struct sctp_stream_value" 8 {
        assoc_id: i32,
        stream_id: u16,
        stream_value: u16,
    }
    [C] PaddrInfo "struct sctp_paddrinfo" 152 {
        spinfo_assoc_id: i32,
        spinfo_address: SockaddrStorage,
        spinfo_state: i32,
        spinfo_cwnd: u32,
        spinfo_srtt: u32,
        spinfo_rto: u32,
        spinfo_mtu: u32,
    }
    [C] Status "struct sctp_status" 176 {
        sstat_assoc_id: i32,
        sstat_state: i32,
        sstat_rwnd: u32,
        sstat_unackdata: u16,
        sstat_penddata: u16,
        sstat_instrms: u16,
        sstat_outstrms: u16,
        sstat_fragmentation_point: u32,
        sstat_primary: PaddrInfo,
    }
    [C] AuthChunks "struct sctp_authchunks" 8 {
        gauth_assoc_id: i32,
        gauth_number_of_chunks: u32,
    }
    [C] AssocIds "struct sctp_assoc_ids" 4 {
        gaids_number_of_ids: u32,
    }
    [C] GetAddrsOld "struct sctp_getaddrs_old" 16 {
        assoc_id: i32,
        addr_num: i32,
        addrs: u64,
    }
    [C] GetAddrs "struct sctp_getaddrs" 8 {
        assoc_id: i32,
        addr_num: u32,
    }
    [C] AssocStats "struct sctp_assoc_stats" 256 {
        sas_assoc_id: i32,
        _pad: [u8; 4],
        sas_obs_rto_ipaddr: SockaddrStorage,
        sas_maxrto: u64,
        sas_isacks: u64,
        sas_osacks: u64,
        sas_opackets: u64,
        sas_ipackets: u64,
        sas_rtxchunks: u64,
        sas_outofseqtsns: u64,
        sas_idupchunks: u64,
        sas_gapcnt: u64,
        sas_ouodchunks: u64,
        sas_iuodchunks: u64,
        sas_oodchunks: u64,
        sas_iodchunks: u64,
        sas_octrlchunks: u64,
        sas_ictrlchunks: u64,
    }
    [C] PaddrThlds "struct sctp_paddrthlds" 144 {
        spt_assoc_id: i32,
        _pad: [u8; 4],
        spt_address: SockaddrStorage,
        spt_pathmaxrxt: u16,
        spt_pathpfthld: u16,
        _pad1: [u8; 4],
    }
    [C] PaddrThldsV2 "struct sctp_paddrthlds_v2" 144 {
        spt_assoc_id: i32,
        _pad: [u8; 4],
        spt_address: SockaddrStorage,
        spt_pathmaxrxt: u16,
        spt_pathpfthld: u16,
        spt_pathcpthld: u16,
        _pad1: [u8; 2],
    }
    [C] PrStatus "struct sctp_prstatus" 24 {
        sprstat_assoc_id: i32,
        sprstat_sid: u16,
        sprstat_policy: u16,
        sprstat_abandoned_unsent: u64,
        sprstat_abandoned_sent: u64,
    }
    [C] DefaultPrInfo "struct sctp_default_prinfo" 12 {
        pr_assoc_id: i32,
        pr_value: u32,
        pr_policy: u16,
        _pad: [u8; 2],
    }
    [C] Info "struct sctp_info" 368 {
        sctpi_tag: u32,
        sctpi_state: u32,
        sctpi_rwnd: u32,
        sctpi_unackdata: u16,
        sctpi_penddata: u16,
        sctpi_instrms: u16,
        sctpi_outstrms: u16,
        sctpi_fragmentation_point: u32,
        sctpi_inqueue: u32,
        sctpi_outqueue: u32,
        sctpi_overall_error: u32,
        sctpi_max_burst: u32,
        sctpi_maxseg: u32,
        sctpi_peer_rwnd: u32,
        sctpi_peer_tag: u32,
        sctpi_peer_capable: u8,
        sctpi_peer_sack: u8,
        _reserved1: u16,
        sctpi_isacks: u64,
        sctpi_osacks: u64,
        sctpi_opackets: u64,
        sctpi_ipackets: u64,
        sctpi_rtxchunks: u64,
        sctpi_outofseqtsns: u64,
        sctpi_idupchunks: u64,
        sctpi_gapcnt: u64,
        sctpi_ouodchunks: u64,
        sctpi_iuodchunks: u64,
        sctpi_oodchunks: u64,
        sctpi_iodchunks: u64,
        sctpi_octrlchunks: u64,
        sctpi_ictrlchunks: u64,
        sctpi_p_address: SockaddrStorage,
        sctpi_p_state: i32,
        sctpi_p_cwnd: u32,
        sctpi_p_srtt: u32,
        sctpi_p_rto: u32,
        sctpi_p_hbinterval: u32,
        sctpi_p_pathmaxrxt: u32,
        sctpi_p_sackdelay: u32,
        sctpi_p_sackfreq: u32,
        sctpi_p_ssthresh: u32,
        sctpi_p_partial_bytes_acked: u32,
        sctpi_p_flight_size: u32,
        sctpi_p_error: u16,
        _reserved2: u16,
        sctpi_s_autoclose: u32,
        sctpi_s_adaptation_ind: u32,
        sctpi_s_pd_point: u32,
        sctpi_s_nodelay: u8,
        sctpi_s_disable_fragments: u8,
        sctpi_s_v4mapped: u8,
        sctpi_s_frag_interleave: u8,
        sctpi_s_type: u32,
        _reserved3: u32,
    }
    [C] ResetStreams "struct sctp_reset_streams" 8 {
        srs_assoc_id: i32,
        srs_flags: u16,
        srs_number_streams: u16,
    }
    [C] AddStreams "struct sctp_add_streams" 8 {
        sas_assoc_id: i32,
        sas_instrms: u16,
        sas_outstrms: u16,
    }
    [C] Event "struct sctp_event" 8 {
        se_assoc_id: i32,
        se_type: u16,
        se_on: u8,
        _pad: [u8; 1],
    }
    [C] UdpEncaps "struct sctp_udpencaps" 144 {
        sue_assoc_id: i32,
        _pad: [u8; 4],
        sue_address: SockaddrStorage,
        sue_port: u16,
        _pad1: [u8; 6],
    }
    [C] ProbeInterval "struct sctp_probeinterval" 144 {
        spi_assoc_id: i32,
        _pad: [u8; 4],
        spi_address: SockaddrStorage,
        spi_interval: u32,
        _pad1: [u8; 4],
    }
    [C] SendvSpa "struct sctp_sendv_spa" 32 {
        sendv_flags: u32,
        sendv_sndinfo: SndInfo,
        sendv_prinfo: PrInfo,
        sendv_authinfo: AuthInfo,
        _pad: [u8; 2],
    }
    [C] RecvvRn "struct sctp_recvv_rn" 44 {
        recvv_rcvinfo: RcvInfo,
        recvv_nxtinfo: NxtInfo,
    }
    [C] PeeloffArg "sctp_peeloff_arg_t" 8 {
        associd: i32,
        sd: i32,
    }
    [C] PeeloffFlagsArg "sctp_peeloff_flags_arg_t" 12 {
        p_arg: PeeloffArg,
        flags: u32,
    }
    [C] ExtRcvInfo "struct sctp_extrcvinfo" 48 {
        sinfo_stream: u16,
        sinfo_ssn: u16,
        sinfo_flags: u16,
        _pad: [u8; 2],
        sinfo_ppid: u32,
        sinfo_context: u32,
        sinfo_pr_value: u32,
        sinfo_tsn: u32,
        sinfo_cumtsn: u32,
        serinfo_next_flags: u16,
        serinfo_next_stream: u16,
        serinfo_next_aid: u32,
        serinfo_next_length: u32,
        serinfo_next_ppid: u32,
        sinfo_assoc_id: i32,
    }
    [C] AuthSecrets "struct sctp_authsecrets" 4 {
        sca_assoc_id: i32,
    }
}
