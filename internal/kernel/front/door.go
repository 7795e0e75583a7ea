package front

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// bufferSize is that of the first reads of a connection, in bytes.
const bufferSize = 4 << 10

// Place is where a cell is.
type Place struct {
	Process string // names the process; a pipe ends when the cell is another's
	Address string // host:port of that process's door of the same kind; "" where it has none
	Mine    bool   // this process has it, or is opening it
}

// Options build a Door. Kind, Address, Cell and Owner are required; Key where there is more than one process.
type Options struct {
	Kind    string // "https", "link", "mqtt": doors of one kind pipe to each other
	Address string // host:port to listen on; port 0 picks a free one

	// Cell tells which cell a client wants; see Names.
	Cell func(serverName string) (cell string, ok bool)
	// Owner tells where a cell is; ok is false where nobody has it. It is asked often and answers from memory, except where
	// fresh tells that the answer was found wrong.
	Owner func(ctx context.Context, cell string, fresh bool) (p Place, ok bool)
	Key   []byte // that the processes of the deployment share, and nobody else has: at least 32 bytes

	MaxConns     int           // connections at a time: those handed to nodes, piped, and not yet known; default 20,000
	MaxPending   int           // of them not yet handed over or piped; default 2,000
	HelloTimeout time.Duration // for a client's first bytes; default 5 s
	Wait         time.Duration // for an owner to appear, and to take the connection; default 5 s
	DialTimeout  time.Duration // to another process's door; default 3 s
	Logger       *slog.Logger
}

// Door listens. Serve lets clients in.
type Door struct {
	o     Options
	l     *net.TCPListener
	stats *stats
	tasks sync.WaitGroup

	mu        sync.Mutex
	listeners map[string]*listener
	changed   chan struct{}       // closed and renewed when listeners changes
	guests    map[*guest]struct{} // connections that are the door's own: unknown, or piped
	conns     int                 // places taken, those handed to nodes included
	pending   int
	closing   bool
}

// guest is a connection that the door has not handed over.
type guest struct {
	tcp     *net.TCPConn
	client  *net.TCPAddr
	head    []byte // read so far
	hop     bool   // another process piped it here
	cell    string
	pending bool

	// Where it is piped, guarded by Door.mu.
	far     *net.TCPConn
	process string
}

// Listen listens on the address; connections wait until Serve.
func Listen(ctx context.Context, o Options) (*Door, error) {
	if o.Kind == "" || o.Cell == nil || o.Owner == nil {
		return nil, errors.New("front: Kind, Cell and Owner are required")
	}
	if len(o.Key) > 0 && len(o.Key) < 32 {
		return nil, fmt.Errorf("front: the key has %d bytes, want at least 32", len(o.Key))
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&o.HelloTimeout, 5 * time.Second}, {&o.Wait, 5 * time.Second}, {&o.DialTimeout, 3 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	if o.MaxConns <= 0 {
		o.MaxConns = 20_000
	}
	if o.MaxPending <= 0 {
		o.MaxPending = 2_000
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	lc := net.ListenConfig{KeepAliveConfig: keepAlive}
	l, err := lc.Listen(ctx, "tcp", o.Address)
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		_ = l.Close()
		return nil, fmt.Errorf("front: %s is not a TCP address", o.Address)
	}
	return &Door{o: o, l: tcp, stats: newStats(o.Kind), listeners: map[string]*listener{}, changed: make(chan struct{}), guests: map[*guest]struct{}{}}, nil
}

// keepAlive finds out in half a minute that the other end has gone without a word.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// Addr is the address that is listened on.
func (d *Door) Addr() net.Addr { return d.l.Addr() }

// Listener returns the end of the door that a cell's node of this process serves on; its connections are *Conn. While it
// is open the cell's clients are handed to it, and when it is closed they are piped to whoever has the cell. It fails
// where the cell's listener is open already: its node of before has not closed it.
func (d *Door) Listener(cell string) (net.Listener, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listeners[cell] != nil {
		return nil, fmt.Errorf("the %s door's listener of cell %s is open already", d.o.Kind, cell)
	}
	l := &listener{door: d, cell: cell, queue: make(chan net.Conn), done: make(chan struct{})}
	d.listeners[cell] = l
	d.told()
	return l, nil
}

func (d *Door) remove(l *listener) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listeners[l.cell] == l {
		delete(d.listeners, l.cell)
		d.told()
	}
}

// told wakes those who wait for a listener.
func (d *Door) told() {
	close(d.changed)
	d.changed = make(chan struct{})
}

func (d *Door) local(cell string) (*listener, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.listeners[cell], d.changed
}

// Serve lets clients in until ctx ends; then it closes the door and all connections that it pipes, and returns when its
// goroutines have ended. What nodes have accepted is theirs.
func (d *Door) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer d.tasks.Wait()
	defer d.cut()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = d.l.Close() })
	defer stop()
	d.tasks.Go(func() { d.watch(ctx) })
	for pause := time.Duration(0); ; {
		tcp, err := d.l.AcceptTCP()
		if err == nil {
			pause = 0
			d.admit(ctx, tcp)
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accept at the %s door: %w", d.o.Kind, err)
		}
		d.o.Logger.Warn("a connection could not be accepted", "door", d.o.Kind, "error", err) // out of file descriptors, mostly
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// Close closes a door that is not being served.
func (d *Door) Close() error { return d.l.Close() }

// cut ends what is the door's own.
func (d *Door) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closing = true
	for g := range d.guests {
		g.cut()
	}
}

// cut closes both ends; the caller holds Door.mu.
func (g *guest) cut() {
	_ = g.tcp.Close()
	if g.far != nil {
		_ = g.far.Close()
	}
}

// admit takes a connection in, or closes it where the door is full.
func (d *Door) admit(ctx context.Context, tcp *net.TCPConn) {
	client, ok := tcp.RemoteAddr().(*net.TCPAddr)
	g := &guest{tcp: tcp, client: client, pending: true}
	d.mu.Lock()
	full := d.conns >= d.o.MaxConns || d.pending >= d.o.MaxPending
	if !full && ok {
		d.conns++
		d.pending++
		d.guests[g] = struct{}{}
	}
	d.mu.Unlock()
	if full || !ok {
		d.stats.count(outcomeFull)
		_ = tcp.SetLinger(0) // a refused flood leaves nothing behind, not even TIME_WAIT
		_ = tcp.Close()
		return
	}
	d.tasks.Go(func() {
		handed := d.receive(ctx, g)
		d.settle(g)
		d.mu.Lock()
		delete(d.guests, g)
		if !handed {
			d.conns--
		}
		d.mu.Unlock()
		if !handed {
			_ = tcp.Close()
		}
	})
}

// settle tells that a connection is not pending any more.
func (d *Door) settle(g *guest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g.pending {
		g.pending = false
		d.pending--
	}
}

// receive learns what a client wants and sees that it gets there. handed tells that a node has the connection.
func (d *Door) receive(ctx context.Context, g *guest) (handed bool) {
	refuse := func(o outcome, err error) bool {
		d.stats.count(o)
		d.o.Logger.Debug("a connection was refused", "door", d.o.Kind, "client", g.client.String(), "why", string(o), "cell", g.cell, "error", err)
		return false
	}
	_ = g.tcp.SetReadDeadline(time.Now().Add(d.o.HelloTimeout))
	name, err := d.hear(g)
	var network net.Error
	switch {
	case errors.Is(err, ErrForged):
		d.o.Logger.Warn("somebody sent a PROXY header that no process of this deployment wrote", "door", d.o.Kind, "from", g.client.String())
		return refuse(outcomeForged, err)
	case errors.As(err, &network) && network.Timeout():
		return refuse(outcomeSlow, err)
	case err != nil:
		return refuse(outcomeNotTLS, err)
	}
	_ = g.tcp.SetReadDeadline(time.Time{})
	var ok bool
	if g.cell, ok = d.o.Cell(name); !ok {
		refuse(outcomeUnknown, fmt.Errorf("server name %q", name))
		d.alert(g)
		return false
	}
	o, err := d.route(ctx, g)
	if o == outcomeLocal || o == outcomePiped {
		return o == outcomeLocal
	}
	return refuse(o, err)
}

// hear reads the client's first bytes, after the PROXY header of another process where there is one.
func (d *Door) hear(g *guest) (name string, err error) {
	r := bufio.NewReaderSize(g.tcp, bufferSize)
	first, err := r.Peek(1)
	if err != nil {
		return "", err
	}
	if first[0] == 0x0d { // of a PROXY header; a TLS record of a handshake begins with 0x16
		client, hello, err := recognise(r, d.o.Key, d.o.Kind)
		if err != nil {
			return "", err
		}
		g.client, g.hop, g.head = client, true, hello
		name, _, err = ReadHello(bytes.NewReader(hello))
		return name, d.rest(g, r, err)
	}
	name, g.head, err = ReadHello(r)
	return name, d.rest(g, r, err)
}

// rest adds to the head what was buffered behind it.
func (d *Door) rest(g *guest, r *bufio.Reader, err error) error {
	if err != nil {
		return err
	}
	more, err := r.Peek(r.Buffered())
	g.head = append(g.head, more...)
	return err
}

// unrecognised is a fatal TLS alert, unrecognized_name (RFC 6066 section 3), in a record of its own.
var unrecognised = []byte{21, 3, 1, 0, 2, 2, 112}

// alert tells a client that nobody here has the name it asks for.
func (d *Door) alert(g *guest) {
	_ = g.tcp.SetDeadline(time.Now().Add(time.Second))
	if _, err := g.tcp.Write(unrecognised); err == nil && g.tcp.CloseWrite() == nil {
		// What the client has sent must be read, or closing resets the connection and takes the alert with it.
		var drop [bufferSize]byte
		for range 4 {
			if _, err := g.tcp.Read(drop[:]); err != nil {
				return
			}
		}
	}
}
