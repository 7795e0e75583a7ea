package server

import (
	"testing"
	"time"

	"jingwei/internal/identify/handle"
)

// one holds one record and serves one prefix.
type one struct {
	Holdings
	key, record []byte
	service     Service
}

func (o *one) Append(dst, key []byte) ([]byte, bool) {
	if string(key) != string(o.key) {
		return dst, false
	}
	return append(dst, o.record...), true
}

func (o *one) Service([]byte) Service   { return o.service }
func (o *one) Authority([]byte) Service { return o.service }

func oneRecord() *one {
	values := []handle.Value{
		{Index: 1, Type: "URL", Data: []byte("https://id.example.org/88.101.5/pump-17"), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions},
		{Index: 2, Type: "JINGWEI", Data: make([]byte, 120), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions},
		{Index: 100, Type: handle.TypeAdmin, Data: handle.AppendAdmin(nil, handle.Admin{Rights: handle.AllRights, Reference: handle.Reference{Handle: "0.NA/88.101.5", Index: 300}}), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions},
	}
	return &one{key: []byte("88.101.5/PUMP-17"), record: handle.AppendRecord(nil, "88.101.5/Pump-17", values),
		service: Service{Kind: ReferService, Referral: handle.AppendReferral(nil, "0.SERV/88", nil)}}
}

func question(name handle.Name, flags handle.Flags, q handle.Question) []byte {
	q.Name = name
	return handle.AppendMessage(nil, handle.Envelope{Version: handle.NewestVersion, Suggested: handle.NewestVersion, Request: 9},
		handle.Header{Operation: handle.Resolve, Flags: flags}, handle.AppendQuestion(nil, q))
}

var quickQuestions = map[string][]byte{
	"all":               question("88.101.5/pump-17", 0, handle.Question{}),
	"public only":       question("88.101.5/pump-17", handle.FlagPublicOnly, handle.Question{}),
	"with digest":       question("88.101.5/pump-17", handle.FlagReturnDigest, handle.Question{}),
	"by index and type": question("88.101.5/pump-17", 0, handle.Question{Indexes: []uint32{100}, Types: []string{"URL"}}),
	"no such values":    question("88.101.5/pump-17", 0, handle.Question{Indexes: []uint32{7}}),
	"referral":          question("88.7/x", 0, handle.Question{}),
	"prefix referral":   question("0.NA/88.7", 0, handle.Question{}),
}

func TestResolutionAllocatesNothing(t *testing.T) {
	p := NewProcessor(Config{Holdings: oneRecord(), Now: time.Now})
	w := &quick{processor: p}
	throttle := newThrottle(1_000_000, 1_000_000)
	now := time.Now()
	w.at(now)
	from := loopback
	for name, q := range quickQuestions {
		if w.answer(q) == nil {
			t.Fatalf("%s is not answered", name)
		}
		if n := testing.AllocsPerRun(100, func() {
			if !throttle.allow(from, now, 1) || w.answer(q) == nil {
				t.Fatal("no answer")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	p := NewProcessor(Config{Holdings: oneRecord(), Now: time.Now})
	for name, q := range quickQuestions {
		b.Run(name, func(b *testing.B) {
			w := &quick{processor: p}
			w.at(time.Now())
			b.ReportAllocs()
			for b.Loop() {
				if w.answer(q) == nil {
					b.Fatal("no answer")
				}
			}
		})
	}
}
