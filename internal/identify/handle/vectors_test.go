package handle

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// recorded is a message of CNRI's client and the answer that it took.
type recorded struct{ request, answer Message }

func recordedExchanges(t testing.TB) (exchanges []recorded, packets [][]byte, key []byte) {
	t.Helper()
	file, err := os.ReadFile("testdata/cnri-9.3.1.hex")
	if err != nil {
		t.Fatal(err)
	}
	decode := func(b []byte) Message {
		e, err := DecodeEnvelope(b)
		if err != nil {
			t.Fatal(err)
		}
		m, err := DecodeMessage(e, b[EnvelopeSize:])
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for line := range strings.Lines(string(file)) {
		words := strings.Fields(line)
		b, err := hex.DecodeString(words[len(words)-1])
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case words[0] == "KEY":
			key = b
		case words[0] == "UDP":
			packets = append(packets, b)
		case words[1] == ">":
			exchanges = append(exchanges, recorded{request: decode(b)})
		default:
			exchanges[len(exchanges)-1].answer = decode(b)
		}
	}
	return exchanges, packets, key
}

// TestRecordedMessagesOfCNRI reads what CNRI's client sent and writes it again to the same bytes; its answers to challenges
// prove its keys, and the digests that it accepted are those of its requests.
func TestRecordedMessagesOfCNRI(t *testing.T) {
	exchanges, _, keyData := recordedExchanges(t)
	key, err := DecodePublicKey(keyData)
	if err != nil {
		t.Fatal(err)
	}
	if len(exchanges) < 90 {
		t.Fatalf("%d exchanges", len(exchanges))
	}
	seen := map[Operation]int{}
	proved := map[string]int{}
	var challenge Challenge
	for i, x := range exchanges {
		m := x.request
		seen[m.Operation]++
		if again, ok := reencoded(t, m); ok && !bytes.HasPrefix(m.Body, again) {
			t.Errorf("exchange %d, operation %d:\n%x\nis written as\n%x", i, m.Operation, m.Body, again)
		}
		if m.Operation == AnswerChallenge {
			a, err := DecodeAnswer(m.Body)
			if err != nil {
				t.Fatal(err)
			}
			if a.Type == TypePublicKey {
				err = VerifyWithKey(key, challenge, a.Signed)
			} else {
				err = VerifyWithSecret([]byte("hunter2 经纬"), challenge, a.Signed)
			}
			if err == nil {
				proved[a.Type]++
			} else if x.answer.Code != AuthenticationFailed {
				t.Errorf("exchange %d: %v, but the server took it", i, err)
			}
		}
		if x.answer.Code == Unauthenticated {
			if challenge, err = DecodeChallenge(x.answer.Body); err != nil {
				t.Fatal(err)
			}
			if !challenge.Digest.Equal(TakeDigest(SHA256, m.Digested)) {
				t.Errorf("exchange %d: the digest is another's", i)
			}
		}
		if x.answer.Flags&FlagCertify != 0 && x.answer.Session == 0 {
			if err := VerifyMessage(key, x.answer); err != nil {
				t.Errorf("exchange %d: %v", i, err)
			}
			proved["signed answer"]++
		}
	}
	for _, op := range []Operation{Resolve, GetSiteInfo, CreateHandle, DeleteHandle, AddValue, RemoveValue, ModifyValue, ListHandles, AnswerChallenge, HomePrefix, UnhomePrefix, SessionSetup} {
		if seen[op] == 0 {
			t.Errorf("operation %d was not recorded", op)
		}
	}
	if proved[TypePublicKey] < 5 || proved[TypeSecretKey] < 5 || proved["signed answer"] < 1 {
		t.Errorf("proved: %v", proved)
	}
}

// reencoded writes a request's body again.
func reencoded(t *testing.T, m Message) ([]byte, bool) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatalf("operation %d: %v", m.Operation, err)
		}
	}
	switch m.Operation {
	case Resolve:
		q, err := DecodeQuestion(m.Body)
		must(err)
		return AppendQuestion(nil, q), true
	case CreateHandle, AddValue, ModifyValue:
		name, values, err := DecodeRecord(m.Body)
		must(err)
		return AppendValues(AppendName(nil, name), values), true
	case RemoveValue:
		name, indexes, err := DecodeRemoval(m.Body)
		must(err)
		return AppendRemoval(nil, name, indexes), true
	case DeleteHandle, ListHandles, HomePrefix, UnhomePrefix:
		name, err := DecodeName(m.Body)
		must(err)
		return AppendName(nil, name), true
	case AnswerChallenge:
		a, err := DecodeAnswer(m.Body)
		must(err)
		return AppendAnswer(nil, a), true
	case SessionSetup:
		s, err := DecodeSetup(m.Body)
		must(err)
		key, err := DecodePublicKey(s.PublicKey)
		must(err)
		again, ok := AppendPublicKey(nil, key)
		if !ok || !bytes.Equal(again, s.PublicKey) {
			t.Errorf("the Diffie-Hellman key %x is written as %x", s.PublicKey, again)
		}
		return AppendSetup(nil, s), true
	}
	return nil, false
}

func TestRecordedPacketsOfALargeAnswer(t *testing.T) {
	_, packets, _ := recordedExchanges(t)
	r := NewReassembly(4, 1<<20, time.Second)
	whole := 0
	for _, p := range packets {
		e, payload, ok, err := r.Add(netip.AddrPort{}, p, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue
		}
		m, err := DecodeMessage(e, payload)
		if err != nil {
			t.Fatal(err)
		}
		if m.Code == Success && m.Operation == Resolve {
			name, values, err := DecodeRecord(m.Body)
			if err != nil || name != "88.1/large" || len(values) != 12 {
				t.Errorf("%s %d %v", name, len(values), err)
			}
			whole++
		}
	}
	if whole == 0 {
		t.Error("no large answer was put together")
	}
}

// TestSessionCodesOfCNRI compares with codes that CNRI's client made for the key "secret", session 77, request 9, counter 5.
func TestSessionCodesOfCNRI(t *testing.T) {
	for _, c := range []struct {
		version Version
		message string
		code    string
	}{
		{Version{2, 1}, "000000020000000019000000ffff00006b0409730000000a0000000638382e312f61", "df1b8ae996abf9d84e6724481625f9f533773a78"},
		{Version{2, 7}, "000000020000000019000000ffff00006b0409750000000a0000000638382e312f61", "23a50d20709eac958ff01161be812fa886ced563782580508ac6aa9c3e9d9d1a"},
		{Version{2, 11}, "000000020000000019000000ffff00006afd86c00000000a0000000638382e312f61", "a9453e2907d1d510fdd81797de604bfd796a34ba643879ca2fc3a2e66d34af91"},
	} {
		digested, _ := hex.DecodeString(c.message)
		e := Envelope{Version: c.version, Suggested: c.version, Session: 77, Request: 9}
		got := Authenticate(e, []byte("secret"), 5, digested)
		if hex.EncodeToString(got.Signature) != c.code {
			t.Errorf("%v: %x, want %s", c.version, got.Signature, c.code)
		}
		m := Message{Envelope: e, Digested: digested, Credential: AppendCredential(nil, got)}
		if n, err := VerifySession([]byte("secret"), m); err != nil || n != 5 {
			t.Errorf("%v: %d %v", c.version, n, err)
		}
	}
}
