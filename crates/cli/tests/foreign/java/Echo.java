import com.sun.nio.sctp.AbstractNotificationHandler;
import com.sun.nio.sctp.Association;
import com.sun.nio.sctp.AssociationChangeNotification;
import com.sun.nio.sctp.AssociationChangeNotification.AssocChangeEvent;
import com.sun.nio.sctp.HandlerResult;
import com.sun.nio.sctp.MessageInfo;
import com.sun.nio.sctp.SctpChannel;
import com.sun.nio.sctp.SctpMultiChannel;
import com.sun.nio.sctp.SctpServerChannel;
import com.sun.nio.sctp.SctpStandardSocketOptions;
import com.sun.nio.sctp.ShutdownNotification;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** One-to-one and one-to-many channels of com.sun.nio.sctp, both ends in one process, with a selector. */
class Echo {
    /** What a channel was told of its associations. */
    static class Told extends AbstractNotificationHandler<List<String>> {
        @Override
        public HandlerResult handleNotification(AssociationChangeNotification change, List<String> told) {
            told.add(change.event().name());
            return HandlerResult.RETURN;
        }

        @Override
        public HandlerResult handleNotification(ShutdownNotification shutdown, List<String> told) {
            told.add("SHUTDOWN_EVENT");
            return HandlerResult.RETURN;
        }
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    static String text(ByteBuffer buffer) {
        buffer.flip();
        return StandardCharsets.UTF_8.decode(buffer).toString();
    }

    /** SctpServerChannel and SctpChannel: streams, payload identifiers, order, the end. */
    static void oneToOne(String host) throws Exception {
        Told handler = new Told();
        try (SctpServerChannel listener = SctpServerChannel.open(); Selector selector = Selector.open()) {
            listener.bind(new InetSocketAddress(host, 0));
            listener.configureBlocking(false);
            listener.register(selector, SelectionKey.OP_ACCEPT);
            check(listener.accept() == null, "nobody has connected");
            SocketAddress address = listener.getAllLocalAddresses().iterator().next();
            SctpChannel client = SctpChannel.open();
            client.setOption(SctpStandardSocketOptions.SCTP_INIT_MAXSTREAMS,
                    SctpStandardSocketOptions.InitMaxStreams.create(7, 5));
            client.setOption(SctpStandardSocketOptions.SCTP_NODELAY, true);
            check(client.connect(address), "connected");
            check(selector.select(10_000) == 1, "the selector shows the association");
            SctpChannel served = listener.accept();
            check(client.association().maxOutboundStreams() == 5, "streams as asked for");
            check(served.getRemoteAddresses().size() == 1, "the peer's address");
            List<String> toldClient = new ArrayList<>();
            List<String> toldServer = new ArrayList<>();
            ByteBuffer buffer = ByteBuffer.allocateDirect(100_000);
            for (int round = 0; round < 100; round++) {
                String message = "round " + round + "x".repeat(round * 300);
                MessageInfo out = MessageInfo.createOutgoing(null, round % 5).payloadProtocolID(1000 + round)
                        .unordered(round % 3 == 0);
                check(client.send(text(message), out) == message.length(), "sent whole");
                buffer.clear();
                MessageInfo in = receive(served, buffer, toldServer, handler);
                check(in.isComplete() && in.streamNumber() == round % 5 && in.payloadProtocolID() == 1000 + round
                        && in.isUnordered() == (round % 3 == 0), "as it was sent: " + in);
                buffer.flip();
                served.send(buffer, MessageInfo.createOutgoing(null, in.streamNumber()));
                buffer.clear();
                receive(client, buffer, toldClient, handler);
                check(text(buffer).equals(message), "came back unchanged");
            }
            client.shutdown();
            buffer.clear();
            MessageInfo end = receive(served, buffer, toldServer, handler);
            check(end.bytes() == -1, "the end: " + end);
            check(toldServer.contains("SHUTDOWN_EVENT"), "told of the shutdown: " + toldServer);
            check(toldClient.contains("COMM_UP"), "told of the beginning: " + toldClient);
            served.close();
            client.close();
        }
    }

    /** The next message; notifications before it go to the handler. */
    static MessageInfo receive(SctpChannel channel, ByteBuffer buffer, List<String> told, Told handler) throws Exception {
        for (int tries = 0; tries < 20; tries++) {
            MessageInfo info = channel.receive(buffer, told, handler);
            if (info != null) {
                return info;
            }
        }
        throw new AssertionError("nothing but notifications: " + told);
    }

    /** SctpMultiChannel: implicit associations, several at a time, one branched off. */
    static void oneToMany(String host) throws Exception {
        Told handler = new Told();
        try (SctpMultiChannel server = SctpMultiChannel.open(); SctpMultiChannel client = SctpMultiChannel.open();
                SctpMultiChannel other = SctpMultiChannel.open()) {
            server.bind(new InetSocketAddress(host, 0));
            SocketAddress address = server.getAllLocalAddresses().iterator().next();
            List<String> told = new ArrayList<>();
            ByteBuffer buffer = ByteBuffer.allocate(2000);
            Association first = null;
            for (SctpMultiChannel from : List.of(client, other)) {
                from.send(text("hello"), MessageInfo.createOutgoing(address, 0));
                MessageInfo info = null;
                for (int tries = 0; info == null && tries < 20; tries++) {
                    buffer.clear();
                    info = server.receive(buffer, told, handler);
                }
                check(text(buffer).equals("hello"), "arrived");
                first = first == null ? info.association() : first;
                server.send(text("back"), MessageInfo.createOutgoing(info.association(), null, 0));
                info = null;
                List<String> toldClient = new ArrayList<>();
                for (int tries = 0; info == null && tries < 20; tries++) {
                    buffer.clear();
                    info = from.receive(buffer, toldClient, handler);
                }
                check(text(buffer).equals("back"), "answered");
                check(toldClient.equals(List.of("COMM_UP")), "told of the beginning: " + toldClient);
            }
            check(told.equals(List.of("COMM_UP", "COMM_UP")), "told of both: " + told);
            check(server.associations().size() == 2, "two associations");
            SctpChannel branch = server.branch(first);
            check(server.associations().size() == 1, "one is left");
            branch.send(text("from the branch"), MessageInfo.createOutgoing(null, 0));
            MessageInfo info = null;
            for (int tries = 0; info == null && tries < 20; tries++) {
                buffer.clear();
                info = client.receive(buffer, null, handler);
            }
            check(text(buffer).equals("from the branch"), "the branch sends");
            branch.close();
        }
    }

    public static void main(String[] arguments) throws Exception {
        oneToOne(arguments[0]);
        oneToMany(arguments[0]);
        System.out.println("all is well");
    }
}
