package handle

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

func FuzzMessage(f *testing.F) {
	exchanges, _, _ := recordedExchanges(f)
	for _, x := range exchanges {
		for _, m := range []Message{x.request, x.answer} {
			f.Add(AppendMessage(nil, m.Envelope, m.Header, m.Body))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := DecodeEnvelope(b)
		if err != nil {
			return
		}
		m, err := DecodeMessage(e, b[EnvelopeSize:])
		if err != nil {
			return
		}
		DecodeQuestion(m.Body)
		DecodeRemoval(m.Body)
		DecodeName(m.Body)
		DecodeNames(m.Body)
		DecodeReferral(m.Body)
		DecodeRefusal(m.Code, m.Body)
		DecodeVerification(m.Body)
		DecodeChallenge(m.Body)
		DecodeAnswer(m.Body)
		DecodeSetup(m.Body)
		DecodeSetupAnswer(m.Body)
		DecodeExchange(m.Body)
		SplitDigest(m.Header, m.Body)
		DecodeCredential(m.Credential)
	})
}

func FuzzRecord(f *testing.F) {
	f.Add(AppendRecord(nil, "88.1/泵", []Value{text(1, "URL", "x"), {Index: 2, Type: "R", References: []Reference{{"0.NA/88.1", 300}}, TTL: TTL{Absolute: true, Seconds: 9}}}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		name, values, err := DecodeRecord(b)
		if err != nil {
			return
		}
		again := AppendValues(AppendName(nil, name), values)
		if !bytes.HasPrefix(b, again) {
			t.Fatalf("%x is written as %x", b, again)
		}
		if len(again) != RecordSize(name, values) {
			t.Fatalf("%d bytes, said %d", len(again), RecordSize(name, values))
		}
		CheckValues(name, values)
		// What is selected decodes, and holds nothing that may not be seen.
		for _, access := range []Access{PublicOnly, Anybody, Administrator} {
			var q QuestionView
			if err := q.Decode(AppendQuestion(nil, Question{Name: name, Indexes: []uint32{1}, Types: []string{"U."}})); err != nil {
				t.Skip()
			}
			record := bytes.Clone(again)
			n, code := Select(record, &q, access)
			if code != Success {
				continue
			}
			_, kept, err := DecodeRecord(record[:n])
			if err != nil || len(kept) == 0 {
				t.Fatalf("%d values, %v", len(kept), err)
			}
			for _, v := range kept {
				if (v.Permissions&PublicRead == 0 || v.Type == TypeSecretKey) && (access != Administrator || v.Permissions&AdminRead == 0) {
					t.Fatalf("value %d may not be read", v.Index)
				}
			}
		}
	})
}

// FuzzSelect gives Select bytes that no encoder wrote.
func FuzzSelect(f *testing.F) {
	f.Add(AppendRecord(nil, "88.1/a", []Value{text(1, "URL", "x")}), AppendQuestion(nil, Question{Name: "88.1/a", Types: []string{"URL"}}))
	f.Fuzz(func(t *testing.T, record, question []byte) {
		var q QuestionView
		if q.Decode(question) != nil {
			return
		}
		n, code := Select(record, &q, Anybody)
		if code == Success && n > len(record) {
			t.Fatal(n)
		}
	})
}

func FuzzSite(f *testing.F) {
	f.Add(AppendSite(nil, threeServers()))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := DecodeSite(b)
		if err != nil {
			return
		}
		again, err := DecodeSite(AppendSite(nil, s))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(AppendSite(nil, again), AppendSite(nil, s)) {
			t.Fatal("not the same when read again")
		}
		s.Server("88.1/a")
	})
}

func FuzzPublicKey(f *testing.F) {
	_, _, key := recordedExchanges(f)
	f.Add(key)
	f.Add(append([]byte{0, 0, 0, 11}, "DSA_PUB_KEY\x00\x00\x00\x00\x00\x01\x07\x00\x00\x00\x01\x07\x00\x00\x00\x01\x07\x00\x00\x00\x01\x07"...))
	f.Add(append([]byte{0, 0, 0, 11}, "SM2_PUB_KEY\x00\x000"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := DecodePublicKey(b)
		if err != nil {
			return
		}
		data, ok := AppendPublicKey(nil, key)
		if !ok {
			t.Fatal("a key that was read is not written")
		}
		again, err := DecodePublicKey(data)
		if err != nil || !SameKey(key, again) {
			t.Fatalf("%v", err)
		}
	})
}

func FuzzAdmin(f *testing.F) {
	f.Add(AppendAdmin(nil, Admin{AllRights, Reference{"0.NA/88.1", 300}}), AppendVList(nil, []Reference{{"0.NA/88.1", 300}}))
	f.Fuzz(func(t *testing.T, admin, list []byte) {
		if a, err := DecodeAdmin(admin); err == nil {
			if again, err := DecodeAdmin(AppendAdmin(nil, a)); err != nil || again != a {
				t.Fatal(again, err)
			}
		}
		if l, err := DecodeVList(list); err == nil && !bytes.HasPrefix(list, AppendVList(nil, l)) {
			t.Fatal(l)
		}
	})
}

// FuzzCredential takes a credential, an answer to a challenge, and a key, none of which may bring anything down or be
// taken for proof.
func FuzzCredential(f *testing.F) {
	_, _, keyData := recordedExchanges(f)
	c := Challenge{Digest: TakeDigest(SHA256, []byte("request")), Nonce: []byte("0123456789abcdef")}
	secret, _ := AnswerWithSecret(Version{2, 6}, nil, []byte("secret"), c)
	f.Add(AppendCredential(nil, Credential{Type: CredentialMAC, Algorithm: "HMAC-SHA256", Signature: make([]byte, 32)}), secret[:20])
	f.Add(AppendCredential(nil, Credential{Type: CredentialSigned, Algorithm: "SHA-256", Signature: make([]byte, 256)}), []byte("\x22\x00\x00\x00\x01a\x00\x00\x00\x01\x00\x00\x00\xa0\x00\x00\x00\x01a"))
	key, err := DecodePublicKey(keyData)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, credential, answer []byte) {
		m := Message{Credential: credential, Digested: []byte("message")}
		if VerifyMessage(key, m) == nil {
			t.Fatal("proved")
		}
		if _, err := VerifySession([]byte("key"), m); err == nil {
			t.Fatal("proved")
		}
		if VerifyWithKey(key, c, answer) == nil {
			t.Fatal("proved")
		}
		if len(answer) > 40 && answer[0] == byte(PBKDF2) {
			return // may ask for as much work as the limit allows, which a fuzzer need not do
		}
		if VerifyWithSecret([]byte("secret"), c, answer) == nil && !bytes.Equal(answer, secret) {
			t.Fatal("proved")
		}
	})
}

func FuzzReassembly(f *testing.F) {
	_, packets, _ := recordedExchanges(f)
	var all []byte
	for _, p := range packets[:min(6, len(packets))] {
		all = append(append(all, byte(len(p)/4)), p...)
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReassembly(4, 1<<16, time.Second)
		now := time.Unix(0, 0)
		for len(b) > 0 {
			n := min(4*int(b[0]), len(b)-1)
			e, payload, whole, err := r.Add(netip.AddrPort{}, b[1:1+n], now)
			if whole && (err != nil || len(payload) != int(e.Length)) {
				t.Fatal(e, len(payload), err)
			}
			if r.held > 1<<16 || len(r.parts) > 4 || r.held < 0 {
				t.Fatalf("%d bytes in %d messages", r.held, len(r.parts))
			}
			now = now.Add(100 * time.Millisecond)
			b = b[1+n:]
		}
	})
}
