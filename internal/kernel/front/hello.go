package front

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// MaxHello bounds what is read of a client before it is known whom it wants. A ClientHello with post-quantum shares,
// tickets and a client's whole list of extensions has 2 to 4 KiB.
const MaxHello = 16 << 10

// Errors of ReadHello.
var (
	ErrNotTLS  = errors.New("the first bytes are not a TLS ClientHello")
	ErrTooLong = errors.New("the ClientHello is longer than 16 KiB")
)

var errSeen = errors.New("seen")

// ReadHello reads a ClientHello from r and returns the server name in it in lower case, "" where there is none, and all
// bytes that were read, also when it fails. It reads at most MaxHello bytes. Errors: ErrNotTLS, ErrTooLong, those of r.
func ReadHello(r io.Reader) (name string, read []byte, err error) {
	e := &ear{r: r}
	seen := false
	// The server end of crypto/tls does the parsing, so that what the node accepts later is what is accepted here; it ends
	// as soon as it has asked for the configuration.
	err = tls.Server(e, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		name, seen = strings.ToLower(h.ServerName), true
		return nil, errSeen
	}}).Handshake()
	switch {
	case seen:
		err = nil
	case e.err != nil:
		err = e.err
	default:
		err = errors.Join(ErrNotTLS, err)
	}
	return name, e.read, err
}

// ear is a net.Conn that only listens.
type ear struct {
	r    io.Reader
	read []byte
	err  error // that ended it
}

func (e *ear) Read(b []byte) (int, error) {
	if len(e.read) >= MaxHello {
		e.err = ErrTooLong
		return 0, e.err
	}
	n, err := e.r.Read(b[:min(len(b), MaxHello-len(e.read))])
	e.read = append(e.read, b[:n]...)
	if err != nil {
		e.err = err
	}
	return n, err
}

func (e *ear) Write(b []byte) (int, error)      { return len(b), nil } // an alert for the client: the node may yet like it
func (e *ear) Close() error                     { return nil }
func (e *ear) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (e *ear) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (e *ear) SetDeadline(time.Time) error      { return nil }
func (e *ear) SetReadDeadline(time.Time) error  { return nil }
func (e *ear) SetWriteDeadline(time.Time) error { return nil }
