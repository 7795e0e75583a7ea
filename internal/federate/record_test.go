package federate

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/uuid"
)

func sampleRecords() map[string]*RecordMessage {
	h := sha256.Sum256([]byte("x"))
	return map[string]*RecordMessage{
		"records":         {Kind: RecordsSent, Epoch: 2, First: 5, Bodies: [][]byte{{1, 2}, {3}, bytes.Repeat([]byte("abc"), 200)}},
		"records-ack":     {Kind: RecordsAck, Epoch: 2, First: 7},
		"hashes-question": {Kind: RecordsHashes, Epoch: 2, First: 1, Last: 70000, Level: 2},
		"hashes":          {Kind: RecordsHashes, Epoch: 2, First: 1, Last: 512, Level: 1, Hashes: [][32]byte{h, {}}},
		"repair-question": {Kind: RecordsRepair, Epoch: 2, Seqs: []uint64{3, 9}},
		"repair":          {Kind: RecordsRepair, Epoch: 2, Seqs: []uint64{3, 9}, Bodies: [][]byte{{1}, {2, 3}}},
		"fork":            {Kind: RecordsFork, Epoch: 2, First: 3, Hashes: [][32]byte{h, {1}}},
		"idle":            {Kind: RecordsIdle, Epoch: 2},
		"end":             {Kind: RecordsEnd, Epoch: 2},
	}
}

func TestRecordMessagesComeBack(t *testing.T) {
	k := must(NewPacker(1))
	for name, m := range sampleRecords() {
		if got, err := ParseRecordMessage(m.Append(nil, k), k); err != nil || !reflect.DeepEqual(got, *m) {
			t.Errorf("%s came back as %+v, %v", name, got, err)
		}
	}
	o := RecordOpening{Agreement: uuid.UUID{1, 2}, Epoch: 3, Last: 4}
	if got := must(ParseRecordOpening(o.Append(nil))); got != o {
		t.Errorf("%+v", got)
	}
	p := RecordPosition{Epoch: 3, Seq: 4, Hash: [32]byte{5}}
	if got := must(ParseRecordPosition(p.Append(nil))); got != p {
		t.Errorf("%+v", got)
	}
}

func TestRecordMessagesOutOfBoundsAreRefused(t *testing.T) {
	k := must(NewPacker(1))
	many := make([][]byte, MaxRecordCount+1)
	hashes := make([][32]byte, RecordFan+1)
	for name, m := range map[string]*RecordMessage{
		"kind":                   {Kind: 9, Epoch: 1},
		"number 0":               {Kind: RecordsSent, Epoch: 1, Bodies: [][]byte{{1}}},
		"no records":             {Kind: RecordsSent, Epoch: 1, First: 1},
		"too many records":       {Kind: RecordsSent, Epoch: 1, First: 1, Bodies: many},
		"a long record":          {Kind: RecordsSent, Epoch: 1, First: 1, Bodies: [][]byte{make([]byte, MaxRecord+1)}},
		"too many bytes":         {Kind: RecordsSent, Epoch: 1, First: 1, Bodies: [][]byte{make([]byte, MaxRecord), make([]byte, MaxRecord), make([]byte, MaxRecord), make([]byte, MaxRecord), make([]byte, MaxRecord), make([]byte, MaxRecord)}},
		"too many ranges":        {Kind: RecordsHashes, Epoch: 1, First: 1, Last: RecordFan + 1},
		"ranges backwards":       {Kind: RecordsHashes, Epoch: 1, First: 2, Last: 1},
		"too many hashes":        {Kind: RecordsHashes, Epoch: 1, First: 1, Last: RecordFan, Hashes: hashes},
		"hashes of other ranges": {Kind: RecordsHashes, Epoch: 1, First: 1, Last: 5, Hashes: hashes[:4]},
		"a level beyond all":     {Kind: RecordsHashes, Epoch: 1, First: 1, Last: 5, Level: 8},
		"a repair of nothing":    {Kind: RecordsRepair, Epoch: 1},
		"a repair of number 0":   {Kind: RecordsRepair, Epoch: 1, Seqs: []uint64{0}},
		"half a fork":            {Kind: RecordsFork, Epoch: 1, First: 1, Hashes: hashes[:1]},
	} {
		if _, err := ParseRecordMessage(m.Append(nil, k), k); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseRecordOpening(RecordOpening{}.Append(nil)[:20]); !errors.Is(err, ErrMalformed) {
		t.Errorf("half an opening: %v", err)
	}
	if _, err := ParseRecordOpening(append([]byte{2}, make([]byte, 32)...)); !errors.Is(err, ErrMalformed) {
		t.Errorf("another format: %v", err)
	}
}

func TestRangesCoverAndDescend(t *testing.T) {
	for _, c := range []struct {
		first, last uint64
		level       uint8
		ranges      uint64
	}{{1, 1, 0, 1}, {1, 256, 0, 256}, {1, 257, 1, 2}, {1, 65536, 1, 256}, {1, 65537, 2, 2}, {1, 1 << 24, 2, 256}, {257, 512, 0, 256}} {
		if level := RecordLevel(c.first, c.last); level != c.level || RecordRanges(level, c.first, c.last) != c.ranges {
			t.Errorf("%d to %d: level %d with %d ranges", c.first, c.last, level, RecordRanges(level, c.first, c.last))
		}
	}
}

// FuzzRecords feeds the parsers of record streams: what is read is written as the same message again.
func FuzzRecords(f *testing.F) {
	k := must(NewPacker(1))
	for _, m := range sampleRecords() {
		f.Add(m.Append(nil, k))
	}
	f.Add(RecordOpening{Agreement: uuid.UUID{1}, Epoch: 1, Last: 2}.Append(nil))
	f.Add(RecordPosition{Epoch: 1, Seq: 2}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = ParseRecordOpening(b)
		_, _ = ParseRecordPosition(b)
		m, err := ParseRecordMessage(b, k)
		if err != nil {
			return
		}
		again, err := ParseRecordMessage(m.Append(nil, k), k)
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Fatalf("%+v came back as %+v, %v", m, again, err)
		}
	})
}

// TestGoldenRecords pins the bytes between nodes.
func TestGoldenRecords(t *testing.T) {
	k := must(NewPacker(1))
	all := map[string][]byte{
		"record-opening":  RecordOpening{Agreement: uuid.UUID{1, 2, 3}, Epoch: 2, Last: 9}.Append(nil),
		"record-position": RecordPosition{Epoch: 2, Seq: 8, Hash: sha256.Sum256([]byte("x"))}.Append(nil),
		"agreement":       Control{Kind: MessageAgreement, ID: 3, Body: []byte(`{"n":"1"}`)}.append(nil, k),
		"agreed":          Control{Kind: MessageAgreed, ID: 3, Body: []byte(`{}`)}.append(nil, k),
		"node-code":       []byte(Invitation{URL: "https://a.example", Fingerprint: [32]byte{9}, Secret: [16]byte{8}}.NodeCode()),
	}
	for name, m := range sampleRecords() {
		if name == "records" {
			m.Bodies = m.Bodies[:2] // what is compressed may change with the compressor
		}
		all["record-"+name] = m.Append(nil, k)
	}
	for name, b := range all {
		path := filepath.Join("testdata", "golden", name+".bin")
		if os.Getenv("JINGWEI_GOLDEN") != "" {
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, want) {
			t.Errorf("%s changed: % x, golden % x; a change of the format needs a new version", name, b, want)
		}
	}
}

func TestACertificateIsOfAGatewayOrANode(t *testing.T) {
	id, other := uuid.New(), uuid.New()
	for name, c := range map[string]struct {
		uris []*url.URL
		node bool
		ok   bool
	}{
		"gateway":      {[]*url.URL{GatewayURI(id)}, false, true},
		"node":         {[]*url.URL{NodeURI(id)}, true, true},
		"both":         {[]*url.URL{GatewayURI(id), NodeURI(id)}, false, false},
		"two nodes":    {[]*url.URL{NodeURI(id), NodeURI(other)}, false, false},
		"nobody":       {nil, false, false},
		"something":    {[]*url.URL{{Scheme: "urn", Opaque: "jingwei:node:x"}}, false, false},
		"with another": {[]*url.URL{NodeURI(id), {Scheme: "https", Host: "a"}}, true, true},
	} {
		got, node, err := PeerID(&x509.Certificate{URIs: c.uris})
		if (err == nil) != c.ok || c.ok && (got != id || node != c.node) {
			t.Errorf("%s: %v %v %v", name, got, node, err)
		}
	}
	if _, err := GatewayID(&x509.Certificate{URIs: []*url.URL{NodeURI(id)}}); err == nil {
		t.Error("a node's certificate did for a gateway's")
	}
	code := Invitation{URL: "https://a.example", Secret: [16]byte{1}}
	if _, err := ParseInvitation(code.NodeCode()); !errors.Is(err, ErrCodePrefix) {
		t.Errorf("a node's code for a gateway: %v", err)
	}
	if _, err := ParseNodeCode(code.String()); !errors.Is(err, ErrCodePrefix) {
		t.Errorf("a gateway's code for a node: %v", err)
	}
	if got := must(ParseNodeCode(code.NodeCode())); got != code {
		t.Errorf("%+v", got)
	}
}

func TestANodeIsRefusedWhereNoneIsServed(t *testing.T) {
	n := startNode(t, fast)
	config := n.ca.client(uuid.New())
	id := uuid.New()
	config.Certificates[0] = n.ca.issue(x509.ExtKeyUsageClientAuth, NodeURI(id))
	d := &Dialer{Now: n.Now, Limits: fast, Hello: Hello{ID: id}}
	raw := must(dialTCP(n.addr))
	defer raw.Close()
	c, err := d.greet(t.Context(), raw, config)
	if err == nil {
		err = c.Run(t.Context())
	}
	if err == nil || n.Session(id) != nil {
		t.Errorf("a node was let in: %v", err)
	}
}

func dialTCP(address string) (net.Conn, error) { return net.Dial("tcp", address) }
