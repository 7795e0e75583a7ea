package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/datagram"
)

// Addresses are where a server listens, as host:port; port 0 is chosen by the kernel. An empty one is not opened.
type Addresses struct {
	UDP  string // usually :2641
	TCP  string // usually :2641
	HTTP string // usually :8000
}

// Server is a running server.
type Server struct {
	desk *Desk
	udp  []*datagram.Conn
	tcp  net.Listener
	http net.Listener
	// web is what answers HTTP: the tunnel, and whatever else is put beside it.
	web http.Handler
}

// Listen opens the doors. web answers HTTP requests that are not messages, and bounds their bodies itself; nil: nothing does.
func Listen(ctx context.Context, d *Desk, a Addresses, web http.Handler) (*Server, error) {
	s := &Server{desk: d, web: http.MaxBytesHandler(d.Tunnel(), handle.MaxMessage+handle.EnvelopeSize)}
	if web != nil {
		tunnel := s.web
		s.web = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && r.Header.Get("Content-Type") == MessageType {
				tunnel.ServeHTTP(w, r)
				return
			}
			web.ServeHTTP(w, r)
		})
	}
	var config net.ListenConfig
	var err error
	if a.UDP != "" {
		if s.udp, err = datagram.Listen(ctx, a.UDP, runtime.GOMAXPROCS(0)); err != nil {
			return nil, fmt.Errorf("listen for handles over UDP: %w", err)
		}
	}
	if a.TCP != "" {
		if s.tcp, err = config.Listen(ctx, "tcp", a.TCP); err != nil {
			s.close()
			return nil, fmt.Errorf("listen for handles over TCP: %w", err)
		}
	}
	if a.HTTP != "" {
		if s.http, err = config.Listen(ctx, "tcp", a.HTTP); err != nil {
			s.close()
			return nil, fmt.Errorf("listen for handles over HTTP: %w", err)
		}
	}
	return s, nil
}

func (s *Server) close() {
	for _, c := range s.udp {
		c.Close()
	}
	for _, l := range []net.Listener{s.tcp, s.http} {
		if l != nil {
			l.Close()
		}
	}
}

// UDP, TCP and HTTP are where the server listens; the zero address for what is not open.
func (s *Server) UDP() netip.AddrPort {
	if len(s.udp) == 0 {
		return netip.AddrPort{}
	}
	return s.udp[0].LocalAddr()
}

// TCP is where the server listens for connections.
func (s *Server) TCP() netip.AddrPort { return listening(s.tcp) }

// HTTP is where the server listens for messages in HTTP.
func (s *Server) HTTP() netip.AddrPort { return listening(s.http) }

func listening(l net.Listener) netip.AddrPort {
	if l == nil {
		return netip.AddrPort{}
	}
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// Run serves until the context ends and returns when everything has stopped: one goroutine for each UDP socket, one for each
// TCP connection, those of net/http.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var work sync.WaitGroup
	var mu sync.Mutex
	var failed error
	start := func(what string, run func() error) {
		work.Go(func() {
			if err := run(); err != nil {
				mu.Lock()
				failed = errors.Join(failed, fmt.Errorf("handle server, %s: %w", what, err))
				mu.Unlock()
				cancel()
			}
		})
	}
	door := newUDPDoor(s.desk)
	for _, conn := range s.udp {
		start("UDP", func() error { return door.serve(ctx, conn) })
	}
	if s.tcp != nil {
		t := newTCPDoor(s.desk)
		start("TCP", func() error { return t.serve(ctx, s.tcp) })
	}
	if s.http != nil {
		start("HTTP", func() error { return s.serveHTTP(ctx) })
	}
	work.Wait()
	door.work.Wait()
	return failed
}

func (s *Server) serveHTTP(ctx context.Context) error {
	l := s.desk.processor.config.Limits
	server := &http.Server{
		Handler:           s.web,
		ReadHeaderTimeout: l.Write, ReadTimeout: l.Idle, WriteTimeout: l.Idle, IdleTimeout: l.Idle,
		MaxHeaderBytes: 16 << 10,
		BaseContext:    func(net.Listener) context.Context { return ctx },
		ErrorLog:       slog.NewLogLogger(s.desk.processor.config.Log.Handler(), slog.LevelDebug),
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(late) != nil {
			server.Close()
		}
	})
	err := server.Serve(s.http)
	if !stop() {
		<-done
	}
	if errors.Is(err, http.ErrServerClosed) || ctx.Err() != nil {
		return nil
	}
	return err
}
