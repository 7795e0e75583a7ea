package federate

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

// FuzzBatch: a body that decodes also encodes to something that decodes to the same rows.
func FuzzBatch(f *testing.F) {
	table := sampleTable()
	var c Codec
	for _, rows := range []int{0, 1, 12, 300} {
		f.Add(must(c.Append(nil, table, sampleBatch(rows, 1))))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var c Codec
		var a, b telemetry.Batch
		if c.Decode(body, table, &a) != nil {
			return
		}
		again, err := c.Append(nil, table, &a)
		if err != nil {
			if len(body) > MaxBody/2 {
				return // decodes only because its pages were packed otherwise
			}
			t.Fatalf("what decodes does not encode: %v", err)
		}
		if err := c.Decode(again, table, &b); err != nil || a.Len() != b.Len() {
			t.Fatalf("%d rows, then %d: %v", a.Len(), b.Len(), err)
		}
	})
}

// FuzzMessages feeds every parser of messages and small frames.
func FuzzMessages(f *testing.F) {
	k := must(NewPacker(1))
	f.Add(byte(0), sampleTable().Append(nil))
	f.Add(byte(1), (&block{Epoch: 1, First: 2, Bodies: [][]byte{bytes.Repeat([]byte("ab"), 400), {3}}}).append(nil, k, true)[1:])
	f.Add(byte(2), Refusal{Epoch: 1, Seq: 2, Rows: []RefusedRow{{Series: uuid.UUID{1}, Reason: ReasonRow}}}.append(nil)[1:])
	f.Add(byte(3), Ack{1, 2, 3, 4}.append(nil)[1:])
	f.Add(byte(4), Control{Kind: MessageConfig, ID: 1, Body: bytes.Repeat([]byte("{}"), 400)}.append(nil, k))
	f.Add(byte(4), Control{Kind: MessageAsk, ID: 2, Body: []byte(`{"verb":"browse","node":"i=85"}`)}.append(nil, k))
	f.Add(byte(4), Control{Kind: MessageWithdraw, ID: 2}.append(nil, k))
	f.Add(byte(5), must(Hello{Min: 1, Max: 2, MaxFrame: 4096}.append(nil)))
	f.Add(byte(6), (&Goodbye{Code: CodeBusy, Text: "x"}).append(nil))
	f.Add(byte(7), appendPong(nil, 1, 2, 3, 4))
	f.Add(byte(8), []byte(Invitation{URL: "https://x"}.String()))
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		switch which % 9 {
		case 0:
			if table, err := ParseTable(b); err == nil && !bytes.Equal(table.Append(nil), b) && len(table) < 128 {
				t.Fatal("a table came back otherwise")
			}
		case 1:
			if blk, err := parseBlock(b, k); err == nil && len(blk.Bodies) == 0 {
				t.Fatal("an empty block was read")
			}
		case 2:
			if r, err := parseRefusal(b); err == nil && len(r.Rows) == 0 {
				t.Fatal("a refusal of nothing was read")
			}
		case 3:
			_, _ = parseAck(b)
		case 4:
			_, _ = parseControl(b, k)
		case 5:
			_, _ = parseHello(b)
		case 6:
			_, _ = parseGoodbye(b)
		case 7:
			_, _, _, _, _ = parsePong(b)
			_, _, _ = parsePing(b)
		case 8:
			_, _ = ParseInvitation(string(b))
		}
	})
}

// FuzzConnection feeds a node's end whatever a child with a valid certificate might send after its hello: it ends with
// an error or waits for more, and never panics, hangs or keeps more than its windows.
func FuzzConnection(f *testing.F) {
	open := append(binary.LittleEndian.AppendUint32([]byte{byte(KindSamples), 0, 0, 0}, 1<<16), append([]byte{streamFormat}, make([]byte, 16)...)...)
	var c Codec
	table := sampleTable()
	k := must(NewPacker(1))
	seed := appendFrame(nil, frameOpen, 0, 2, open)
	seed = appendFrame(seed, frameData, flagEnd, 2, append([]byte{streamTable}, table.Append(nil)...))
	seed = appendFrame(seed, frameData, flagEnd, 2, (&block{Epoch: 1, First: 1, Bodies: [][]byte{must(c.Append(nil, table, sampleBatch(5, 1)))}}).append(nil, k, true))
	seed = appendFrame(seed, framePing, 0, 0, appendPing(nil, 1, 2))
	f.Add(seed)
	f.Add(appendFrame(nil, frameCredit, 0, 2, []byte{1, 0, 0, 0}))
	f.Add(appendFrame(seed, frameReset, 0, 2, (&Goodbye{Code: CodeClosing}).append(nil)))
	f.Fuzz(func(t *testing.T, in []byte) {
		a, b := net.Pipe()
		host := &testHost{door: newMemDoor(t)}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s := &Session{}
			conn, err := Server(b, func(Hello) (Hello, error) { return Hello{}, nil }, Limits{PingEvery: time.Hour}, time.Now, nil, func(ctx context.Context, ch *Channel) {
				o := host.Stream(s)
				o.Packer = k
				_ = Receive(ctx, ch, o)
			})
			if err == nil {
				_ = conn.Run(ctx)
			}
		}()
		go func() { // the answers are read and dropped
			buf := make([]byte, 4096)
			for {
				if _, err := a.Read(buf); err != nil {
					return
				}
			}
		}()
		_ = a.SetWriteDeadline(time.Now().Add(3 * time.Second))
		hello := must(Hello{Min: 1, Max: 1, MaxFrame: MaxFrame}.append(nil))
		_, _ = a.Write(appendFrame(nil, frameHello, 0, 0, hello))
		_, _ = a.Write(in)
		a.Close()
		<-ended
	})
}
