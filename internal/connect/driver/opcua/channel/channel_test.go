package channel

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uapolicy"
	"github.com/gopcua/opcua/uasc"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type party struct {
	cert []byte
	key  *rsa.PrivateKey
}

func newParty(bits int, serial *big.Int) (party, error) {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return party{}, err
	}
	t := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Now().AddDate(1, 0, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	return party{cert, key}, err
}

var parties = sync.OnceValues(func() ([3]party, error) {
	var out [3]party
	for i, bits := range []int{2048, 2048, 3072} { // the last one has two size bytes in its padding
		var err error
		if out[i], err = newParty(bits, big.NewInt(int64(i+1))); err != nil {
			return out, err
		}
	}
	return out, nil
})

func pair(t testing.TB) (client, server, wide party) {
	t.Helper()
	p, err := parties()
	if err != nil {
		t.Fatal(err)
	}
	return p[0], p[1], p[2]
}

// serve answers the requests of one connection after the other with answer, until the test ends.
func serve(t testing.TB, p party, lifetime time.Duration, answer func(s *Server, r Request) ua.Response) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				s, err := Accept(conn, ServerOptions{Certificate: p.cert, Key: p.key, MaxLifetime: lifetime, Allow: func(string, ua.MessageSecurityMode) bool { return true }})
				if err != nil {
					return
				}
				for {
					r, err := s.Next()
					if err != nil {
						return
					}
					if a := answer(s, r); a != nil && s.Reply(r.ID, a) != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

func echo(_ *Server, r Request) ua.Response {
	q, ok := r.Service.(*ua.ReadRequest)
	if !ok {
		return &ua.ServiceFault{ResponseHeader: Header(r.Service.Header().RequestHandle, ua.StatusBadServiceUnsupported)}
	}
	out := &ua.ReadResponse{ResponseHeader: Header(q.RequestHeader.RequestHandle, ua.StatusOK)}
	for _, n := range q.NodesToRead {
		out.Results = append(out.Results, &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(n.NodeID.String())})
	}
	return out
}

func reads(n int, tail string) *ua.ReadRequest {
	r := &ua.ReadRequest{}
	for i := range n {
		r.NodesToRead = append(r.NodesToRead, &ua.ReadValueID{NodeID: ua.NewStringNodeID(2, fmt.Sprintf("n%d%s", i, tail)), AttributeID: ua.AttributeIDValue, DataEncoding: &ua.QualifiedName{}})
	}
	return r
}

func dial(t testing.TB, address string, o Options) *Client {
	t.Helper()
	o.Endpoint = "opc.tcp://" + address
	c, err := Dial(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func plain() Security {
	return Security{Policy: ua.SecurityPolicyURINone, Mode: ua.MessageSecurityModeNone}
}

// Every policy and mode, keys of both lengths on either side, messages of one chunk and of many.
func TestConversation(t *testing.T) {
	a, b, wide := pair(t)
	check := func(sec Security, p party) {
		t.Helper()
		sec.Remote = p.cert
		c := dial(t, serve(t, p, 0, echo), Options{Security: sec})
		for _, n := range []int{1, 2, 3, 500} {
			for _, tail := range []string{"", strings.Repeat("x", 300)} {
				r, err := Ask[*ua.ReadResponse](t.Context(), c, reads(n, tail))
				if err != nil || len(r.Results) != n || r.Results[n-1].Value.Value() != fmt.Sprintf("ns=2;s=n%d%s", n-1, tail) {
					t.Fatalf("%s %v, %d nodes: %v", sec.Policy, sec.Mode, n, err)
				}
			}
		}
	}
	check(plain(), b)
	for _, policy := range []string{ua.SecurityPolicyURIBasic128Rsa15, ua.SecurityPolicyURIBasic256, ua.SecurityPolicyURIBasic256Sha256, ua.SecurityPolicyURIAes128Sha256RsaOaep, ua.SecurityPolicyURIAes256Sha256RsaPss} {
		for _, mode := range []ua.MessageSecurityMode{ua.MessageSecurityModeSign, ua.MessageSecurityModeSignAndEncrypt} {
			check(Security{Policy: policy, Mode: mode, Certificate: a.cert, Key: a.key}, b)
		}
		if policy == ua.SecurityPolicyURIBasic128Rsa15 || policy == ua.SecurityPolicyURIBasic256 {
			continue // keys of 2048 bits at most
		}
		check(Security{Policy: policy, Mode: ua.MessageSecurityModeSignAndEncrypt, Certificate: wide.cert, Key: wide.key}, b)
		check(Security{Policy: policy, Mode: ua.MessageSecurityModeSignAndEncrypt, Certificate: a.cert, Key: a.key}, wide)
	}
}

// A service that fails, and an answer that cannot be decoded, cost their own request only.
func TestFaultsDoNotEndTheChannel(t *testing.T) {
	_, b, _ := pair(t)
	c := dial(t, serve(t, b, 0, func(s *Server, r Request) ua.Response {
		if _, ok := r.Service.(*ua.FindServersRequest); ok {
			body := []byte{1, 0, 0x7A, 0x02, 1, 2, 3} // a ReadResponse, cut short
			if err := s.w.write(uasc.MessageTypeMessage, r.ID, body); err != nil {
				t.Error(err)
			}
			return nil
		}
		return echo(s, r)
	}), Options{Security: plain()})
	for range 3 {
		var e *ServiceError
		if _, err := c.Do(t.Context(), &ua.BrowseRequest{View: &ua.ViewDescription{ViewID: ua.NewTwoByteNodeID(0)}}); !errors.As(err, &e) || e.Status != ua.StatusBadServiceUnsupported || e.Service != "Browse" {
			t.Fatalf("%v", err)
		}
		if _, err := c.Do(t.Context(), &ua.FindServersRequest{}); err == nil || c.Err() != nil {
			t.Fatalf("%v, channel %v", err, c.Err())
		}
		if _, err := Ask[*ua.ReadResponse](t.Context(), c, reads(3, "")); err != nil {
			t.Fatal(err)
		}
	}
}

// The keys change under load, on both ends.
func TestRenewalUnderLoad(t *testing.T) {
	a, b, _ := pair(t)
	c := dial(t, serve(t, b, 100*time.Millisecond, echo), Options{Security: Security{Policy: ua.SecurityPolicyURIBasic256Sha256, Mode: ua.MessageSecurityModeSignAndEncrypt, Certificate: a.cert, Key: a.key, Remote: b.cert}})
	renewed := func() uint32 {
		c.w.mu.Lock()
		defer c.w.mu.Unlock()
		return c.w.token
	}
	first := renewed()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for renewed() < first+5 {
				if r, err := Ask[*ua.ReadResponse](t.Context(), c, reads(10, "")); err != nil || len(r.Results) != 10 {
					t.Errorf("%v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Who answers with another certificate, or without protection, is not spoken to.
func TestServerHasToBeTheOneAskedFor(t *testing.T) {
	a, b, wide := pair(t)
	sec := Security{Policy: ua.SecurityPolicyURIBasic256Sha256, Mode: ua.MessageSecurityModeSignAndEncrypt, Certificate: a.cert, Key: a.key, Remote: b.cert}
	for name, answer := range map[string]func(w *wire, open *ua.OpenSecureChannelRequest) Security{
		"another certificate": func(*wire, *ua.OpenSecureChannelRequest) Security {
			return Security{Policy: sec.Policy, Mode: sec.Mode, Certificate: wide.cert, Key: wide.key, Remote: a.cert}
		},
		"no protection": func(*wire, *ua.OpenSecureChannelRequest) Security { return plain() },
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { // a server that has the real key to read the request with, and answers as somebody else
			defer close(done)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			s, err := Accept(conn, ServerOptions{Certificate: b.cert, Key: b.key})
			if err != nil {
				return
			}
			m, err := s.w.read()
			if err != nil {
				return
			}
			v, _ := decode(m.body)
			open, _ := v.(*ua.OpenSecureChannelRequest)
			s.w.sec = answer(s.w, open)
			body, _ := service(&ua.OpenSecureChannelResponse{ResponseHeader: Header(1, 0), SecurityToken: &ua.ChannelSecurityToken{ChannelID: 1, TokenID: 1, RevisedLifetime: 60_000}, ServerNonce: make([]byte, 32)})
			s.w.write(uasc.MessageTypeOpenSecureChannel, m.id, body)
			io.Copy(io.Discard, conn)
		}()
		c, err := Dial(t.Context(), l.Addr().String(), Options{Security: sec})
		if err == nil {
			c.Close()
			t.Errorf("%s was taken", name)
		} else if !errors.Is(err, ua.StatusBadCertificateInvalid) && !errors.Is(err, ua.StatusBadSecurityPolicyRejected) {
			t.Errorf("%s: %v", name, err)
		}
		l.Close()
		<-done
	}
}

// A chunk that is replayed or changed ends a protected channel.
func TestReplayedAndChangedChunksAreRefused(t *testing.T) {
	a, b, _ := pair(t)
	algoOut, err := uapolicy.Symmetric(ua.SecurityPolicyURIBasic256Sha256, make([]byte, 32), bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	algoIn, err := uapolicy.Symmetric(ua.SecurityPolicyURIBasic256Sha256, bytes.Repeat([]byte{1}, 32), make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func([]byte) []byte{
		"replayed": func(b []byte) []byte { return append(b, b...) },
		"changed":  func(b []byte) []byte { b[len(b)-40] ^= 1; return b },
		"cut":      func(b []byte) []byte { binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-16)); return b[:len(b)-16] },
		"retyped":  func(b []byte) []byte { b[3] = 'C'; return b },
		"token":    func(b []byte) []byte { b[12]++; return b },
	} {
		client, server := net.Pipe()
		sec := Security{Policy: ua.SecurityPolicyURIBasic256Sha256, Mode: ua.MessageSecurityModeSignAndEncrypt, Certificate: a.cert, Key: a.key, Remote: b.cert}
		w := newWire(client, sec)
		w.use(1, token{7, algoIn})
		out := newWire(sink{server, spoil}, sec)
		out.use(1, token{7, algoOut})
		done := make(chan struct{})
		go func() { defer close(done); out.write(uasc.MessageTypeMessage, 1, []byte("hello")); server.Close() }()
		var err error
		for err == nil {
			_, err = w.read()
		}
		if errors.Is(err, io.EOF) && name != "cut" {
			t.Errorf("%s: taken", name)
		}
		client.Close()
		<-done
	}
}

type sink struct {
	net.Conn
	spoil func([]byte) []byte
}

func (s sink) Write(b []byte) (int, error) {
	_, err := s.Conn.Write(s.spoil(append([]byte(nil), b...)))
	return len(b), err
}

// The deepest message that the bounds let through does not exhaust the stack, which no program survives.
func TestDeepestMessage(t *testing.T) {
	head, err := service(&ua.ReadResponse{ResponseHeader: Header(1, 0), Results: []*ua.DataValue{}})
	if err != nil {
		t.Fatal(err)
	}
	// One result, whose value is a variant in a variant in a variant…
	head = head[:len(head)-8]
	for name, nest := range map[string][]byte{"variants": {24}, "values": {23, 1}, "diagnostics": {0x40}} {
		body := append(append([]byte(nil), head...), 1, 0, 0, 0, 1)
		if name == "diagnostics" {
			body = append(body, 25)
		}
		body = append(body, bytes.Repeat(nest, (MaxMessage-len(body))/len(nest))...)
		if _, err := decode(body); err == nil {
			t.Errorf("%s were taken", name)
		}
	}
}

func TestMalformedArraysAreErrors(t *testing.T) {
	head, err := service(&ua.ReadResponse{ResponseHeader: Header(1, 0), Results: []*ua.DataValue{}})
	if err != nil {
		t.Fatal(err)
	}
	head = head[:len(head)-8]
	for _, n := range []uint32{0x80000000, 0xFFFFFFFE, 0x7FFFFFFF, MaxMessage + 1} {
		body := binary.LittleEndian.AppendUint32(append(append([]byte(nil), head...), 1, 0, 0, 0, 1, 0x86), n)
		if _, err := decode(body); err == nil {
			t.Errorf("an array of %d was taken", n)
		}
	}
}

// Kepware issues certificates with negative serial numbers; go.mod's godebug line lets them through.
func TestNegativeSerialNumbers(t *testing.T) {
	p, _, _ := pair(t)
	// CreateCertificate refuses to make one, so a good one is changed: its serial number 1 becomes -1.
	i := bytes.Index(p.cert, []byte{2, 1, 1, 0x30})
	if i < 0 {
		t.Fatal("no serial number found")
	}
	der := bytes.Clone(p.cert)
	der[i+2] = 0xFF
	if c, _, err := Leaf(der); err != nil || c.SerialNumber.Sign() >= 0 {
		t.Errorf("%v", err)
	}
}

func TestClosedAndCancelled(t *testing.T) {
	_, b, _ := pair(t)
	block := make(chan struct{})
	defer close(block)
	address := serve(t, b, 0, func(s *Server, r Request) ua.Response {
		if _, ok := r.Service.(*ua.FindServersRequest); ok {
			return nil // no answer, ever
		}
		return echo(s, r)
	})
	c := dial(t, address, Options{Security: plain()})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Do(ctx, &ua.FindServersRequest{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if _, err := c.Do(t.Context(), reads(1, "")); err != nil {
		t.Errorf("after a request without an answer: %v", err)
	}
	got := make(chan error, 1)
	if err := c.Send(&ua.FindServersRequest{}, time.Second, func(_ ua.Response, err error) { got <- err }); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := <-got; !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, err := c.Do(t.Context(), reads(1, "")); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	<-c.Done()
}

func TestWhatIsNotOPCUA(t *testing.T) {
	for _, answer := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "ACKF\x09\x00\x00\x00x", "ERRF\x10\x00\x00\x00\x00\x00\x7d\x80\x00\x00\x00\x00", "ACKF\xff\xff\xff\xff", ""} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, answer)
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
			conn.Close()
		}()
		if c, err := Dial(t.Context(), l.Addr().String(), Options{Security: plain()}); err == nil {
			c.Close()
			t.Errorf("%q was taken", answer)
		}
		l.Close()
		<-done
	}
}

// fuzzed is a connection that reads what the fuzzer says.
type fuzzed struct {
	net.Conn
	io.Reader
}

func (f fuzzed) Read(b []byte) (int, error)       { return f.Reader.Read(b) }
func (f fuzzed) Write(b []byte) (int, error)      { return len(b), nil }
func (f fuzzed) SetWriteDeadline(time.Time) error { return nil }

func FuzzServer(f *testing.F) {
	f.Add([]byte("HELF"))
	hel := append([]byte("HELF"), 32, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF)
	open, err := service(&ua.OpenSecureChannelRequest{RequestHeader: &ua.RequestHeader{AuthenticationToken: ua.NewTwoByteNodeID(0), AdditionalHeader: ua.NewExtensionObject(nil)}, SecurityMode: 1})
	if err != nil {
		f.Fatal(err)
	}
	asym, _ := uasc.NewAsymmetricSecurityHeader(ua.SecurityPolicyURINone, nil, nil).Encode()
	opn := append([]byte("OPNF\x00\x00\x00\x00\x00\x00\x00\x00"), asym...)
	opn = append(append(opn, 1, 0, 0, 0, 1, 0, 0, 0), open...)
	binary.LittleEndian.PutUint32(opn[4:], uint32(len(opn)))
	f.Add(append(bytes.Clone(hel), opn...))
	f.Add(append(append(bytes.Clone(hel), opn...), "MSGF\x18\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00"...))
	p, err := newParty(2048, big.NewInt(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Accept(fuzzed{Reader: bytes.NewReader(b)}, ServerOptions{Certificate: p.cert, Key: p.key, Allow: func(string, ua.MessageSecurityMode) bool { return true }})
		for err == nil {
			_, err = s.Next()
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, v := range []any{
		&ua.ReadResponse{ResponseHeader: Header(1, 0), Results: []*ua.DataValue{{EncodingMask: 1, Value: ua.MustVariant([]int32{1, 2})}}},
		&ua.PublishResponse{ResponseHeader: Header(1, 0), NotificationMessage: &ua.NotificationMessage{NotificationData: []*ua.ExtensionObject{ua.NewExtensionObject(&ua.DataChangeNotification{
			MonitoredItems: []*ua.MonitoredItemNotification{{ClientHandle: 1, Value: &ua.DataValue{EncodingMask: 1, Value: ua.MustVariant(1.5)}}}})}}},
	} {
		b, err := service(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) <= MaxMessage {
			decode(b)
		}
	})
}
