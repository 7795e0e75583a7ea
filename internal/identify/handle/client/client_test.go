package client_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answering is a UDP server that answers each message by the given packets.
func answering(t *testing.T, answer func(m handle.Message) [][]byte) client.Target {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			e, err := handle.DecodeEnvelope(buf[:n])
			if err != nil {
				continue
			}
			m, err := handle.DecodeMessage(e, buf[handle.EnvelopeSize:n])
			if err != nil {
				continue
			}
			for _, p := range answer(m) {
				conn.WriteToUDPAddrPort(p, from)
			}
		}
	}()
	return client.Target{Protocol: handle.UDP, Address: conn.LocalAddr().(*net.UDPAddr).AddrPort()}
}

func record(text string) []byte {
	return handle.AppendRecord(nil, "88/x", []handle.Value{{Index: 1, Type: "URL", Data: []byte(text)}})
}

func reply(m handle.Message, change func(*handle.Envelope, *handle.Header, *[]byte)) []byte {
	e := handle.Envelope{Version: m.Version, Request: m.Envelope.Request}
	h := handle.Header{Operation: m.Operation, Code: handle.Success, Flags: handle.FlagReturnDigest}
	digested, text := m.Digested, record("good")
	body := append(handle.AppendDigest(nil, handle.SHA256, digested), text...)
	if change != nil {
		change(&e, &h, &body)
	}
	return handle.AppendMessage(nil, e, h, body)
}

var quick = &client.Client{Now: time.Now, Wait: []time.Duration{50 * time.Millisecond, time.Second}}

func TestAnswersOfOthersAreNotTaken(t *testing.T) {
	target := answering(t, func(m handle.Message) [][]byte {
		return [][]byte{
			reply(m, func(e *handle.Envelope, _ *handle.Header, _ *[]byte) { e.Request++ }),
			reply(m, func(_ *handle.Envelope, _ *handle.Header, b *[]byte) { (*b)[1] ^= 1 }),
			reply(m, func(_ *handle.Envelope, h *handle.Header, _ *[]byte) { h.Code = handle.Request }),
			[]byte("noise"),
			reply(m, nil),
		}
	})
	_, values, err := quick.Resolve(context.Background(), target, handle.Question{Name: "88/x"}, 0, nil)
	if err != nil || len(values) != 1 || string(values[0].Data) != "good" {
		t.Errorf("%v %v", values, err)
	}
}

func TestWhatIsLostIsAskedAgain(t *testing.T) {
	var asked atomic.Int32
	target := answering(t, func(m handle.Message) [][]byte {
		if asked.Add(1) == 1 {
			return nil
		}
		return [][]byte{reply(m, nil)}
	})
	if _, _, err := quick.Resolve(context.Background(), target, handle.Question{Name: "88/x"}, 0, nil); err != nil || asked.Load() != 2 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
	silent := answering(t, func(handle.Message) [][]byte { return nil })
	if _, _, err := quick.Resolve(context.Background(), silent, handle.Question{Name: "88/x"}, 0, nil); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, _, err := quick.Resolve(ctx, silent, handle.Question{Name: "88/x"}, 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestOnlyOnesOwnRequestIsSigned sends a challenge for another request, as one who wants somebody else's signature would.
func TestOnlyOnesOwnRequestIsSigned(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var answered atomic.Bool
	target := answering(t, func(m handle.Message) [][]byte {
		if m.Operation == handle.AnswerChallenge {
			answered.Store(true)
		}
		other := handle.Challenge{Digest: handle.TakeDigest(handle.SHA256, []byte("another request")), Nonce: []byte("0123456789abcdef")}
		return [][]byte{reply(m, func(_ *handle.Envelope, h *handle.Header, b *[]byte) {
			h.Code, *b = handle.Unauthenticated, handle.AppendChallenge(nil, other)
		})}
	})
	err = quick.ByName(context.Background(), target, handle.DeleteHandle, "88/x", client.Key{Who: handle.Reference{Handle: "0.NA/88", Index: 300}, Private: key})
	if err == nil || answered.Load() {
		t.Errorf("answered %v: %v", answered.Load(), err)
	}
}

func TestAnAnswerThatIsNotSignedIsForgedWhenItShouldBe(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	target := answering(t, func(m handle.Message) [][]byte { return [][]byte{reply(m, nil)} })
	target.Key = &key.PublicKey
	if _, _, err := quick.Resolve(context.Background(), target, handle.Question{Name: "88/x"}, handle.FlagCertify, nil); err == nil {
		t.Error("taken")
	}
}
