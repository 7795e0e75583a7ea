package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

// Listen is one address to listen on.
type Listen struct {
	Address string // host:port; port 0 picks a free one
	Plain   bool   // HTTP without TLS: allowed on loopback addresses only
	// Accept gives the connections, before TLS, in place of listening on the address; nil: listen.
	Accept func(ctx context.Context) (net.Listener, error)
}

// ListenError tells why the node cannot listen on an address, and the mend.
type ListenError struct {
	Address string
	Mend    string
	Err     error
}

func (e *ListenError) Error() string {
	return fmt.Sprintf("listen on %s: %v; %s", e.Address, e.Err, e.Mend)
}

func (e *ListenError) Unwrap() error { return e.Err }

type listener struct {
	net.Listener
	server *http.Server
	scheme string
	done   chan struct{}
}

// Name is the module's name.
func (s *Server) Name() string { return "api" }

// Start listens on all addresses, or on none: the first that fails closes the others and is returned as *ListenError.
func (s *Server) Start(ctx context.Context) error {
	var all []*listener
	for _, l := range s.o.Listen {
		x, err := s.listen(ctx, l)
		if err != nil {
			for _, other := range all {
				_ = other.Close()
			}
			return err
		}
		all = append(all, x)
	}
	s.mu.Lock()
	s.listeners = all
	s.mu.Unlock()
	for _, l := range all {
		go s.serve(l)
	}
	return nil
}

func (s *Server) listen(ctx context.Context, l Listen) (*listener, error) {
	scheme := "https"
	if l.Plain {
		scheme = "http"
		if err := loopbackOnly(l.Address); err != nil {
			return nil, err
		}
	} else if s.o.TLS == nil {
		return nil, &ListenError{l.Address, "give the node a certificate, or use a plain listener on a loopback address", errors.New("there is no certificate for HTTPS")}
	}
	accept := l.Accept
	if accept == nil {
		accept = func(ctx context.Context) (net.Listener, error) {
			return (&net.ListenConfig{}).Listen(ctx, "tcp", l.Address)
		}
	}
	raw, err := accept(ctx)
	if err != nil {
		return nil, NewListenError(l.Address, err)
	}
	if !l.Plain {
		raw = tls.NewListener(raw, s.o.TLS)
	}
	return &listener{Listener: raw, scheme: scheme, done: make(chan struct{}), server: &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      60 * time.Second, // live streams set their own before every event
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(serverLog{s.o.Logger}, "", 0),
	}}, nil
}

// loopbackOnly refuses a plain listener that others could reach. A name is refused too, except localhost: what it
// resolves to may change.
func loopbackOnly(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return &ListenError{address, "write host:port, for example 127.0.0.1:8480", err}
	}
	if host == "localhost" {
		return nil
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Unmap().IsLoopback() {
		return nil
	}
	return &ListenError{address, "use 127.0.0.1 or [::1], or listen with HTTPS", errors.New("plain HTTP is allowed on a loopback address only")}
}

// NewListenError words the reason why an address cannot be listened on, for rooms with listeners of their own.
func NewListenError(address string, err error) *ListenError {
	return &ListenError{address, listenMend(err), err}
}

func listenMend(err error) string {
	var dns *net.DNSError
	var addr *net.AddrError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program uses this port: stop it, or set another address"
	case errors.Is(err, syscall.EACCES), errors.Is(err, os.ErrPermission):
		return "this user may not use the port: take one from 1024 up, or give the program the right (CAP_NET_BIND_SERVICE)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this machine does not have the address: set one that it has, or 0.0.0.0 for all"
	case errors.As(err, &dns), errors.As(err, &addr):
		return "write host:port with a name or address of this machine, for example 0.0.0.0:8443"
	}
	return "set another address"
}

func (s *Server) serve(l *listener) {
	defer close(l.done)
	if err := l.server.Serve(l.Listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		s.o.Failed(fmt.Errorf("serve %s: %w", l.Addr(), err))
	}
}

// Addresses are the URLs at which the server listens, in the order of Options.Listen; after Start.
func (s *Server) Addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, l := range s.listeners {
		out = append(out, l.scheme+"://"+l.Addr().String())
	}
	return out
}

// Stop ends live streams, takes no new requests, waits for running ones up to Options.Drain or ctx, and cuts the rest.
func (s *Server) Stop(ctx context.Context) error {
	s.endLive()
	s.mu.Lock()
	all := s.listeners
	s.listeners = nil
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, s.o.Drain)
	defer cancel()
	var faults []error
	for _, l := range all {
		if err := l.server.Shutdown(ctx); err != nil {
			faults = append(faults, fmt.Errorf("stop listening on %s: running requests were cut: %w", l.Addr(), err))
			_ = l.server.Close()
		}
		<-l.done
	}
	return errors.Join(faults...)
}

// serverLog takes what net/http has to say: failed handshakes and the like, which anybody can cause.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Write(b []byte) (int, error) {
	l.log.Debug("connection", "detail", strings.TrimSpace(string(b)))
	return len(b), nil
}
