package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"sync"
	"testing"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/handletest"
)

var otherKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// group is the second Oakley group (RFC 2409, section 6.2), which clients in the field use.
func group() (p, g *big.Int) {
	p, _ = new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF", 16)
	return p, big.NewInt(2)
}

// TestSessions makes a session in each way, proves once who it is, and then signs with the session's key alone.
func TestSessions(t *testing.T) {
	x := big.NewInt(0).SetBytes([]byte("an exponent of a test, long enough"))
	p, g := group()
	dh := &handle.DHKey{P: p, G: g, Y: new(big.Int).Exp(g, x, p)}
	public := func(key any) []byte {
		data, ok := handle.AppendPublicKey(nil, key)
		if !ok {
			t.Fatal("no key")
		}
		return data
	}
	for _, way := range []handle.KeyExchange{handle.ExchangeDH, handle.ExchangeClient, handle.ExchangeServer, handle.ExchangeHandle} {
		shelf := handletest.NewShelf()
		shelf.PutPrefix("88.1")
		d, now := desk(t, shelf)
		setup := handle.Setup{Exchange: way, Timeout: 600}
		switch way {
		case handle.ExchangeDH:
			setup.PublicKey = public(dh)
		case handle.ExchangeClient:
			setup.PublicKey = public(&otherKey().PublicKey)
		case handle.ExchangeHandle:
			setup.KeyOf = handle.Reference{Handle: "0.NA/88.1", Index: 300}
		}
		made := send(t, d, message(t, handle.Envelope{Request: 1}, handle.Header{Operation: handle.SessionSetup}, handle.AppendSetup(nil, setup)))
		if made.Code != handle.Success || made.Session == 0 {
			t.Fatalf("way %d: %v", way, made.Code)
		}
		got, data, err := handle.DecodeSetupAnswer(made.Body)
		if err != nil || got != way {
			t.Fatal(got, err)
		}
		var key []byte
		switch way {
		case handle.ExchangeDH:
			theirs, err := handle.DecodePublicKey(data[4:])
			if err != nil {
				t.Fatal(err)
			}
			key = theirs.(*handle.DHKey).Secret(x)[:32]
		case handle.ExchangeClient:
			key, err = rsa.DecryptPKCS1v15(nil, otherKey(), data) //lint:ignore SA1019 the protocol has no other padding
			key = key[4:]
		case handle.ExchangeHandle:
			key, err = rsa.DecryptPKCS1v15(nil, handletest.RSAKey(), data) //lint:ignore SA1019 the protocol has no other padding
			key = key[4:]
		case handle.ExchangeServer:
			theirs, keyErr := handle.DecodePublicKey(data)
			if keyErr != nil {
				t.Fatal(keyErr)
			}
			whole := append([]byte{0, 0, 0, 3}, make([]byte, 32)...)
			rand.Read(whole[4:])
			encrypted, encErr := rsa.EncryptPKCS1v15(nil, theirs.(*rsa.PublicKey), whole) //lint:ignore SA1019 the protocol has no other padding
			if encErr != nil {
				t.Fatal(encErr)
			}
			key = whole[4:]
			if a := send(t, d, message(t, handle.Envelope{Session: made.Session, Request: 2}, handle.Header{Operation: handle.SessionExchange}, handle.AppendExchange(nil, encrypted))); a.Code != handle.Success {
				t.Fatal(a.Code)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		inSession := func(request, counter uint32, op handle.Operation, body []byte) handle.Message {
			e := handle.Envelope{Version: handle.NewestVersion, Suggested: handle.NewestVersion, Session: made.Session, Request: request}
			b := handle.AppendMessage(nil, e, handle.Header{Operation: op, Flags: handle.FlagCertify}, body)
			return decoded(t, handle.WithCredential(b, handle.Authenticate(e, key, counter, b[handle.EnvelopeSize:len(b)-4])))
		}
		create := handle.AppendValues(handle.AppendName(nil, "88.1/s"), nil)
		challenge := send(t, d, inSession(3, 1, handle.CreateHandle, create))
		c, err := handle.DecodeChallenge(challenge.Body)
		if err != nil || challenge.Code != handle.Unauthenticated || challenge.Session != made.Session {
			t.Fatalf("way %d: %v %v", way, challenge.Code, err)
		}
		a, err := handletest.By("88.1")["key"].Answer(handle.NewestVersion, c)
		if err != nil {
			t.Fatal(err)
		}
		done := send(t, d, inSession(4, 2, handle.AnswerChallenge, handle.AppendAnswer(nil, a)))
		if n, err := handle.VerifySession(key, done); done.Code != handle.Success || err != nil || n == 0 {
			t.Fatalf("way %d: %v, signed %d %v", way, done.Code, n, err)
		}
		remove := inSession(5, 3, handle.DeleteHandle, handle.AppendName(nil, "88.1/s"))
		if got := send(t, d, remove); got.Code != handle.Success {
			t.Errorf("way %d: in the session: %v", way, got.Code)
		}
		if got := send(t, d, remove); got.Code != handle.Replayed {
			t.Errorf("way %d: replayed: %v", way, got.Code)
		}
		forged := inSession(6, 4, handle.CreateHandle, create)
		forged.Credential[len(forged.Credential)-1] ^= 1
		if got := send(t, d, forged); got.Code != handle.InvalidCredential {
			t.Errorf("way %d: forged: %v", way, got.Code)
		}
		unsigned := message(t, handle.Envelope{Session: made.Session, Request: 7}, handle.Header{Operation: handle.CreateHandle}, create)
		if got := send(t, d, unsigned); got.Code != handle.Unauthenticated {
			t.Errorf("way %d: not signed: %v", way, got.Code)
		}
		if way == handle.ExchangeDH {
			if got := send(t, d, inSession(9, 6, handle.SessionTerminate, nil)); got.Code != handle.Success {
				t.Errorf("way %d: ended: %v", way, got.Code)
			}
		}
		now.Add(601)
		if got := send(t, d, inSession(8, 5, handle.CreateHandle, create)); got.Code != handle.SessionTimeout {
			t.Errorf("way %d: after its time: %v", way, got.Code)
		}
	}
}

func TestWeakGroupsAreRefused(t *testing.T) {
	d, _ := desk(t, handletest.NewShelf("88.1"))
	p, g := group()
	for name, key := range map[string]*handle.DHKey{
		"a small group": {P: big.NewInt(23), G: big.NewInt(5), Y: big.NewInt(8)},
		"1":             {P: p, G: g, Y: big.NewInt(1)},
		"p-1":           {P: p, G: g, Y: new(big.Int).Sub(p, big.NewInt(1))},
	} {
		data, _ := handle.AppendPublicKey(nil, key)
		got := send(t, d, message(t, handle.Envelope{Request: 1}, handle.Header{Operation: handle.SessionSetup}, handle.AppendSetup(nil, handle.Setup{Exchange: handle.ExchangeDH, PublicKey: data})))
		if got.Code != handle.InvalidSessionKey {
			t.Errorf("%s: %v", name, got.Code)
		}
	}
}
