#!/usr/bin/env escript
%% One-to-many and one-to-one sockets of gen_sctp, both ends in one process, and an association branched off.
-include_lib("kernel/include/inet_sctp.hrl").

main([Host]) ->
    {ok, Address} = inet:parse_address(Host),
    Family = case tuple_size(Address) of 4 -> inet; 8 -> inet6 end,
    one_to_many(Family, Address),
    one_to_one(Family, Address),
    io:format("all is well~n").

open(Family, Address, Type) ->
    {ok, Socket} = gen_sctp:open([Family, {ip, Address}, {type, Type}, {active, false}, binary]),
    Socket.

%% Associations by connect and by message, with streams and payload identifiers; then peeloff, and an orderly end.
one_to_many(Family, Address) ->
    Server = open(Family, Address, seqpacket),
    ok = gen_sctp:listen(Server, true),
    {ok, Port} = inet:port(Server),
    Client = open(Family, Address, seqpacket),
    {ok, #sctp_assoc_change{state = comm_up, outbound_streams = Streams} = Up} =
        gen_sctp:connect(Client, Address, Port, [{sctp_initmsg, #sctp_initmsg{num_ostreams = 8, max_instreams = 8}}]),
    true = Streams > 1,
    {Address, _, #sctp_assoc_change{state = comm_up, assoc_id = Id}} = next(Server),
    [begin
         Text = binary:copy(<<N>>, 1 + N * 150),
         Info = #sctp_sndrcvinfo{stream = N rem Streams, ppid = N, assoc_id = Up#sctp_assoc_change.assoc_id},
         ok = gen_sctp:send(Client, Info, Text),
         {#sctp_sndrcvinfo{stream = Stream, ppid = N, assoc_id = Id}, Text} = message(Server, <<>>),
         Stream = N rem Streams,
         ok = gen_sctp:send(Server, Id, Stream, Text),
         {#sctp_sndrcvinfo{stream = Stream}, Text} = message(Client, <<>>)
     end || N <- lists:seq(1, 60)],
    {ok, Branch} = gen_sctp:peeloff(Server, Id),
    ok = gen_sctp:send(Branch, Id, 0, <<"from the branch">>),
    {_, <<"from the branch">>} = message(Client, <<>>),
    ok = gen_sctp:eof(Client, Up),
    {_, _, #sctp_shutdown_event{}} = next(Branch),
    {_, _, #sctp_assoc_change{state = shutdown_comp}} = next(Branch),
    {_, _, #sctp_assoc_change{state = shutdown_comp}} = next(Client),
    [ok = gen_sctp:close(Socket) || Socket <- [Branch, Client, Server]].

one_to_one(Family, Address) ->
    Server = open(Family, Address, seqpacket),
    ok = gen_sctp:listen(Server, true),
    {ok, Port} = inet:port(Server),
    Client = open(Family, Address, stream),
    {ok, #sctp_assoc_change{state = comm_up} = Up} = gen_sctp:connect(Client, Address, Port, []),
    {_, _, #sctp_assoc_change{state = comm_up, assoc_id = Id}} = next(Server),
    ok = gen_sctp:send(Client, Up, 0, <<"hello">>),
    {_, <<"hello">>} = message(Server, <<>>),
    ok = gen_sctp:abort(Server, #sctp_assoc_change{assoc_id = Id}),
    {_, _, #sctp_assoc_change{state = comm_lost}} = next(Client),
    {error, #sctp_assoc_change{state = cant_assoc}} = gen_sctp:connect(open(Family, Address, stream), Address, 1, []),
    [ok = gen_sctp:close(Socket) || Socket <- [Client, Server]].

%% The next event; those about addresses depend on the machine's.
next(Socket) ->
    case gen_sctp:recv(Socket, 10000) of
        {ok, {_, _, _, #sctp_paddr_change{}}} -> next(Socket);
        {ok, {From, Port, _, #sctp_assoc_change{} = Event}} -> {From, Port, Event};
        {ok, {From, Port, _, #sctp_shutdown_event{} = Event}} -> {From, Port, Event};
        Other -> error({unexpected, Other})
    end.

%% The next message, put together.
message(Socket, Before) ->
    case gen_sctp:recv(Socket, 10000) of
        {ok, {_, _, _, #sctp_paddr_change{}}} -> message(Socket, Before);
        {ok, {_, _, [#sctp_sndrcvinfo{} = Info], Data}} when is_binary(Data) -> {Info, <<Before/binary, Data/binary>>};
        Other -> error({unexpected, Other})
    end.
