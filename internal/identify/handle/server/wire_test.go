package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/identify/handle/server"
)

// desk is a desk without doors, whose clock the test holds.
func desk(t *testing.T, shelf *handletest.Shelf) (*server.Desk, *atomic.Int64) {
	var now atomic.Int64
	now.Store(1_800_000_000)
	p := server.NewProcessor(server.Config{Holdings: shelf, Random: rand.Reader, Now: func() time.Time { return time.Unix(now.Load(), 0) }, Key: handletest.RSAKey()})
	return server.NewDesk(p), &now
}

func send(t *testing.T, d *server.Desk, m handle.Message) handle.Message {
	t.Helper()
	var got []byte
	if err := d.Answer(t.Context(), m, func(b []byte) error { got = bytes.Clone(b); return nil }); err != nil {
		t.Fatal(err)
	}
	return decoded(t, got)
}

func decoded(t *testing.T, b []byte) handle.Message {
	t.Helper()
	e, err := handle.DecodeEnvelope(b)
	if err != nil {
		t.Fatal(err)
	}
	m, err := handle.DecodeMessage(e, b[handle.EnvelopeSize:])
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func message(t *testing.T, e handle.Envelope, h handle.Header, body []byte) handle.Message {
	if e.Version.Major == 0 {
		e.Version = handle.NewestVersion
	}
	return decoded(t, handle.AppendMessage(nil, e, h, body))
}

func TestChallengesAreAnsweredOnceAndSoon(t *testing.T) {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	shelf.Put("88.1/x", handletest.Text(1, "URL", "a"))
	d, now := desk(t, shelf)
	request := message(t, handle.Envelope{Request: 5}, handle.Header{Operation: handle.DeleteHandle}, handle.AppendName(nil, "88.1/x"))
	challenge := send(t, d, request)
	c, err := handle.DecodeChallenge(challenge.Body)
	if err != nil || challenge.Code != handle.Unauthenticated || challenge.Session == 0 || !c.Digest.Equal(handle.TakeDigest(handle.SHA256, request.Digested)) {
		t.Fatalf("%v %+v %v", challenge.Code, c, err)
	}
	answer := func(c handle.Challenge, session uint32) handle.Message {
		a, err := handletest.By("88.1")["secret"].Answer(handle.NewestVersion, c)
		if err != nil {
			t.Fatal(err)
		}
		return message(t, handle.Envelope{Session: session, Request: 6}, handle.Header{Operation: handle.AnswerChallenge}, handle.AppendAnswer(nil, a))
	}
	if got := send(t, d, answer(c, challenge.Session+2)); got.Code != handle.ChallengeExpired {
		t.Errorf("an answer to no challenge: %v", got.Code)
	}
	if got := send(t, d, answer(c, challenge.Session)); got.Code != handle.Success || got.Operation != handle.DeleteHandle {
		t.Errorf("%v of %d", got.Code, got.Operation)
	}
	if got := send(t, d, answer(c, challenge.Session)); got.Code != handle.Replayed {
		t.Errorf("answered twice: %v", got.Code)
	}
	challenge = send(t, d, request) // now there is nothing to delete
	if challenge.Code != handle.NotFound {
		t.Errorf("%v", challenge.Code)
	}
	shelf.Put("88.1/x", handletest.Text(1, "URL", "a"))
	challenge = send(t, d, request)
	late, err := handle.DecodeChallenge(challenge.Body)
	if err != nil {
		t.Fatal(err)
	}
	now.Add(61)
	if got := send(t, d, answer(late, challenge.Session)); got.Code != handle.ChallengeExpired {
		t.Errorf("answered late: %v", got.Code)
	}
}

func TestWhatIsRefusedBeforeAnythingIsDone(t *testing.T) {
	d, now := desk(t, handletest.NewShelf("88.1"))
	question := handle.AppendQuestion(nil, handle.Question{Name: "88.1/x"})
	for name, row := range map[string]struct {
		e    handle.Envelope
		h    handle.Header
		body []byte
		want handle.Code
	}{
		"compressed":           {handle.Envelope{Compressed: true}, handle.Header{Operation: handle.Resolve}, question, handle.ProtocolError},
		"encrypted":            {handle.Envelope{Encrypted: true}, handle.Header{Operation: handle.Resolve}, question, handle.NotSupported},
		"passed on too often":  {handle.Envelope{}, handle.Header{Operation: handle.Resolve, Recursion: 21}, question, handle.RecursionTooHigh},
		"expired":              {handle.Envelope{}, handle.Header{Operation: handle.Resolve, Expiration: uint32(now.Load() - 1)}, question, handle.ProtocolError},
		"not expired":          {handle.Envelope{}, handle.Header{Operation: handle.Resolve, Expiration: uint32(now.Load() + 1)}, question, handle.NotFound},
		"cut":                  {handle.Envelope{}, handle.Header{Operation: handle.Resolve}, question[:8], handle.ProtocolError},
		"unknown operation":    {handle.Envelope{}, handle.Header{Operation: 999}, nil, handle.NotSupported},
		"replication":          {handle.Envelope{}, handle.Header{Operation: handle.DumpHandles}, nil, handle.NotSupported},
		"no handle":            {handle.Envelope{}, handle.Header{Operation: handle.Resolve}, handle.AppendQuestion(nil, handle.Question{Name: "88.1"}), handle.InvalidName},
		"list of no prefix":    {handle.Envelope{}, handle.Header{Operation: handle.ListHandles}, handle.AppendName(nil, "88.1/x"), handle.InvalidName},
		"a session not known":  {handle.Envelope{Session: 9}, handle.Header{Operation: handle.SessionTerminate}, nil, handle.InvalidSession},
		"a session of no kind": {handle.Envelope{}, handle.Header{Operation: handle.SessionSetup}, handle.AppendSetup(nil, handle.Setup{}), handle.InvalidSession},
	} {
		if got := send(t, d, message(t, row.e, row.h, row.body)); got.Code != row.want {
			t.Errorf("%s: %v, want %v", name, got.Code, row.want)
		}
	}
	answered := false
	d.Answer(t.Context(), message(t, handle.Envelope{}, handle.Header{Operation: handle.Resolve, Code: handle.Success}, question), func([]byte) error { answered = true; return nil })
	if answered {
		t.Error("an answer was answered")
	}
}

func TestReferrals(t *testing.T) {
	shelf := handletest.NewShelf("0.NA")
	shelf.Refer("88.2", server.ReferService, "0.SERV/88.2")
	shelf.Refer("88.3", server.ReferAuthority, "", handletest.Text(1, handle.TypeAlias, "88/x"))
	n := start(t, shelf, server.Limits{})
	for _, target := range n.Targets() {
		for name, want := range map[handle.Name]handle.Code{"88.2/x": handle.ServiceReferral, "0.NA/88.3.1": handle.PrefixReferral, "0.NA/77": handle.NotFound, "77/x": handle.NotResponsible} {
			r := client.Request{Operation: handle.Resolve, Body: handle.AppendQuestion(nil, handle.Question{Name: name})}
			got, err := ask().Do(t.Context(), target, r)
			if err != nil || got.Code != want {
				t.Errorf("%v %s: %v %v, want %v", target, name, got.Code, err, want)
			}
			if want == handle.ServiceReferral {
				if to, _, err := handle.DecodeReferral(got.Body); err != nil || to != "0.SERV/88.2" {
					t.Errorf("%s %v", to, err)
				}
				r.Flags = handle.FlagDoNotRefer
				if got, err = ask().Do(t.Context(), target, r); err != nil || got.Code != handle.NotResponsible {
					t.Errorf("%v: told not to refer: %v %v", target, got.Code, err)
				}
			}
		}
	}
	old := &client.Client{Now: time.Now, Version: handle.Version{Major: 2, Minor: 4}}
	got, err := old.Do(t.Context(), n.Targets()[1], client.Request{Operation: handle.Resolve, Body: handle.AppendQuestion(nil, handle.Question{Name: "0.NA/88.3.1"})})
	if err != nil || got.Code != handle.ServiceReferral {
		t.Errorf("a client before 2.5: %v %v", got.Code, err)
	}
}

func TestLargeAnswersOverUDP(t *testing.T) {
	shelf := handletest.NewShelf("88.1")
	for name, n := range map[handle.Name]int{"88.1/two": 2, "88.1/huge": 40} {
		var values []handle.Value
		for i := range n {
			values = append(values, handletest.Text(uint32(i+1), "DATA", strings.Repeat("x", 300)))
		}
		shelf.Put(name, values...)
	}
	n := start(t, shelf, server.Limits{})
	udp, tcp := n.Targets()[0], n.Targets()[1]
	if _, values, err := ask().Resolve(t.Context(), udp, handle.Question{Name: "88.1/two"}, 0, nil); err != nil || len(values) != 2 {
		t.Errorf("%d %v", len(values), err)
	}
	if _, _, err := ask().Resolve(t.Context(), udp, handle.Question{Name: "88.1/huge"}, 0, nil); !errors.Is(err, client.ErrTruncated) {
		t.Errorf("%v", err)
	}
	if _, values, err := ask().Resolve(t.Context(), tcp, handle.Question{Name: "88.1/huge"}, 0, nil); err != nil || len(values) != 40 {
		t.Errorf("%d %v", len(values), err)
	}
}

// TestLargeAnswersCostMore asks for an answer of two packets until the source has no budget for second packets.
func TestLargeAnswersCostMore(t *testing.T) {
	shelf := handletest.NewShelf("88.1")
	shelf.Put("88.1/two", handletest.Text(1, "DATA", strings.Repeat("x", 300)), handletest.Text(2, "DATA", strings.Repeat("x", 300)))
	n := start(t, shelf, server.Limits{Rate: 1, Burst: 60})
	for i, whole := range []bool{true, true, false} {
		_, _, err := ask().Resolve(t.Context(), n.Targets()[0], handle.Question{Name: "88.1/two"}, 0, nil)
		if (err == nil) != whole || err != nil && !errors.Is(err, client.ErrTruncated) {
			t.Errorf("question %d: %v", i, err)
		}
	}
}

func TestRequestsInManyPackets(t *testing.T) {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	n := start(t, shelf, server.Limits{})
	large := []handle.Value{handletest.Text(1, "DATA", strings.Repeat("泵", 1000))}
	if _, err := ask().Create(t.Context(), n.Targets()[0], "88.1/large", large, 0, handletest.By("88.1")["key"]); err != nil {
		t.Fatal(err)
	}
	if got := shelf.Changes(); len(got) != 1 || got[0] != "create 88.1/large by 300:0.NA/88.1" {
		t.Errorf("%v", got)
	}
}

func TestWhatIsSentTwiceIsDoneOnce(t *testing.T) {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	n := start(t, shelf, server.Limits{})
	conn, err := net.Dial("udp", n.UDP().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	packet := handle.AppendMessage(nil, handle.Envelope{Version: handle.NewestVersion, Request: 3}, handle.Header{Operation: handle.DeleteHandle}, handle.AppendName(nil, "0.NA/88.1"))
	var sessions []uint32
	for range 2 {
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 2048)
		k, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, decoded(t, buf[:k]).Session)
	}
	if sessions[0] != sessions[1] {
		t.Errorf("a request that was sent again got another challenge: %v", sessions)
	}
}

func TestOneSourceHasABudget(t *testing.T) {
	shelf := handletest.NewShelf("88.1")
	shelf.Put("88.1/x", handletest.Text(1, "URL", "a"))
	n := start(t, shelf, server.Limits{Rate: 1, Burst: 20})
	conn, err := net.Dial("udp", n.UDP().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	packet := handle.AppendMessage(nil, handle.Envelope{Version: handle.NewestVersion, Request: 3}, handle.Header{Operation: handle.Resolve}, handle.AppendQuestion(nil, handle.Question{Name: "88.1/x"}))
	for range 200 {
		conn.Write(packet)
	}
	got := 0
	for buf := make([]byte, 2048); ; got++ {
		wait := 10 * time.Second
		if got >= 20 {
			wait = 300 * time.Millisecond
		}
		conn.SetReadDeadline(time.Now().Add(wait))
		if _, err := conn.Read(buf); err != nil {
			break
		}
	}
	if got < 20 || got > 40 {
		t.Errorf("%d of 200 answered", got)
	}
}

func TestBrokenPacketsAreSurvived(t *testing.T) {
	shelf := handletest.NewShelf("88.1")
	shelf.Put("88.1/x", handletest.Text(1, "URL", "a"))
	n := start(t, shelf, server.Limits{})
	conn, err := net.Dial("udp", n.UDP().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	good := handle.AppendMessage(nil, handle.Envelope{Version: handle.NewestVersion, Request: 3}, handle.Header{Operation: handle.Resolve}, handle.AppendQuestion(nil, handle.Question{Name: "88.1/x"}))
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0xff
		conn.Write(bad)
		conn.Write(good[:i])
	}
	for _, target := range n.Targets() {
		if _, _, err := ask().Resolve(t.Context(), target, handle.Question{Name: "88.1/x"}, 0, nil); err != nil {
			t.Errorf("%v: %v", target, err)
		}
	}
	tcp, err := net.Dial("tcp", n.TCP().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	tcp.SetDeadline(time.Now().Add(5 * time.Second))
	tcp.Write(append(handle.AppendEnvelope(nil, handle.Envelope{Version: handle.NewestVersion, Request: 8, Length: handle.MaxMessage + 1}), "x"...))
	buf := make([]byte, 2048)
	k, err := tcp.Read(buf)
	if err != nil || decoded(t, buf[:k]).Code != handle.ProtocolError {
		t.Errorf("a message beyond the limit: %v", err)
	}
}

func TestSignedAnswersAreChecked(t *testing.T) {
	shelf := handletest.NewShelf("88.1")
	shelf.Put("88.1/x", handletest.Text(1, "URL", "a"))
	n := start(t, shelf, server.Limits{})
	for _, target := range n.Targets() {
		if _, _, err := ask().Resolve(t.Context(), target, handle.Question{Name: "88.1/x"}, handle.FlagCertify, nil); err != nil {
			t.Errorf("%v: %v", target, err)
		}
	}
	other := n.Targets()[1]
	other.Key = &otherKey().PublicKey
	if _, _, err := ask().Resolve(t.Context(), other, handle.Question{Name: "88.1/x"}, handle.FlagCertify, nil); !errors.Is(err, client.ErrForged) {
		t.Errorf("signed by another key: %v", err)
	}
}

func TestSecretsAreVerifiedForOthers(t *testing.T) {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	n := start(t, shelf, server.Limits{})
	c := handle.Challenge{Digest: handle.TakeDigest(handle.SHA256, []byte("x")), Nonce: []byte("0123456789abcdef")}
	for secret, want := range map[string]bool{handletest.Secret: true, "x": false} {
		signed, err := handle.AnswerWithSecret(handle.NewestVersion, rand.Reader, []byte(secret), c)
		if err != nil {
			t.Fatal(err)
		}
		ok, err := ask().Verify(context.Background(), n.Targets()[1], handle.Verification{User: handle.Reference{Handle: "0.NA/88.1", Index: 301}, Challenge: c, Signed: signed})
		if err != nil || ok != want {
			t.Errorf("%q: %v %v", secret, ok, err)
		}
	}
}
