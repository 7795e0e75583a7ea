package resolve

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/datagram"
	"jingwei/internal/identify/handle/server"
)

// Options are what is measured.
type Options struct {
	Holdings server.Holdings
	// Name is the i-th of Names identifiers that are held.
	Name  func(i int) handle.Name
	Names int
	// Phase is how long each measurement takes; Rounds how often each pair is measured, in turns.
	Phase  time.Duration
	Rounds int
	// Window is how many questions each of the GOMAXPROCS clients has under way over UDP; Connections how many clients there are
	// over TCP and HTTP.
	Window      int
	Connections int
}

// Row is one measurement.
type Row struct {
	What     string
	Rate     float64       // answers in a second
	P50, P99 time.Duration // at full load
	CPU      time.Duration // of the server for one answer
	Half     time.Duration // p99 at half the rate; 0: not measured
	HalfP50  time.Duration
	Lost     int // answers that did not come at half the rate
}

// Report is what was measured: for each subject the round with the median rate.
type Report struct {
	UDP, Echo, TCP, HTTP, Bare Row
}

// Goals: at least 0.6 of the echo's rate over UDP, and at half load a p99 of at most twice the echo's.
const (
	GoalRate = 0.6
	GoalHalf = 2.0
)

// RateRatio is the server's rate over UDP beside the echo's.
func (r Report) RateRatio() float64 { return r.UDP.Rate / r.Echo.Rate }

// HalfRatio is the server's p99 at half load beside the echo's at half of its own.
func (r Report) HalfRatio() float64 { return float64(r.UDP.Half) / float64(r.Echo.Half) }

// Summary prints the report.
func (r Report) Summary(w io.Writer) error {
	fmt.Fprintf(w, "%-22s %12s %10s %10s %12s %12s %12s %6s\n", "", "answers/s", "p50", "p99", "CPU/answer", "half p50", "half p99", "lost")
	for _, row := range []Row{r.UDP, r.Echo, r.TCP, r.HTTP, r.Bare} {
		fmt.Fprintf(w, "%-22s %12.0f %10v %10v %12v %12v %12v %6d\n", row.What, row.Rate, row.P50.Round(time.Microsecond), row.P99.Round(time.Microsecond),
			row.CPU, row.HalfP50.Round(time.Microsecond), row.Half.Round(time.Microsecond), row.Lost)
	}
	_, err := fmt.Fprintf(w, "over UDP %.2f of the echo's rate (goal ≥ %.2f: %s); p99 at half load %.2f of the echo's (goal ≤ %.2f: %s); HTTP %.2f of a bare handler\n",
		r.RateRatio(), GoalRate, met(r.RateRatio() >= GoalRate), r.HalfRatio(), GoalHalf, met(r.HalfRatio() <= GoalHalf), r.HTTP.Rate/r.Bare.Rate)
	return err
}

func met(ok bool) string {
	if ok {
		return "met"
	}
	return "missed"
}

// Run measures. Servers and load end with it.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Phase == 0 {
		o.Phase = 3 * time.Second
	}
	if o.Rounds == 0 {
		o.Rounds = 3
	}
	if o.Window == 0 {
		o.Window = 64
	}
	if o.Connections == 0 {
		o.Connections = 16
	}
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	p := server.NewProcessor(server.Config{Holdings: o.Holdings, Now: time.Now, Random: rand.Reader,
		Limits: server.Limits{Rate: -1, Connections: 4096, ConnectionsEach: 4096}})
	s, err := server.Listen(ctx, server.NewDesk(p), server.Addresses{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", HTTP: "127.0.0.1:0"}, nil)
	if err != nil {
		return Report{}, err
	}
	work.Go(func() { s.Run(ctx) })
	echo, err := startEcho(ctx, &work)
	if err != nil {
		return Report{}, err
	}
	bare, err := startBare(ctx, &work)
	if err != nil {
		return Report{}, err
	}
	questions := packets(o)
	subjects := []struct {
		row     *[]Row
		measure func() (Row, error)
	}{
		{new([]Row), func() (Row, error) { return overUDP(ctx, o, "handle over UDP", s.UDP(), questions) }},
		{new([]Row), func() (Row, error) { return overUDP(ctx, o, "UDP echo", echo, questions) }},
		{new([]Row), func() (Row, error) { return overTCP(ctx, o, s.TCP(), questions) }},
		{new([]Row), func() (Row, error) { return overHTTP(ctx, o, "handle over HTTP", s.HTTP(), questions) }},
		{new([]Row), func() (Row, error) { return overHTTP(ctx, o, "bare net/http", bare, questions) }},
	}
	for range o.Rounds {
		for _, subject := range subjects {
			row, err := subject.measure()
			if err != nil {
				return Report{}, err
			}
			*subject.row = append(*subject.row, row)
		}
	}
	return Report{median(*subjects[0].row), median(*subjects[1].row), median(*subjects[2].row), median(*subjects[3].row), median(*subjects[4].row)}, nil
}

// packets are questions for identifiers spread over all of them, so that the processor's caches are not the only ones asked.
func packets(o Options) [][]byte {
	const kept = 1 << 16
	n := min(o.Names, kept)
	step := max(1, o.Names/n)
	questions := make([][]byte, n)
	for i := range questions {
		at := (i*step + i*7919%step) % o.Names
		questions[i] = handle.AppendMessage(nil, handle.Envelope{Version: handle.NewestVersion, Suggested: handle.NewestVersion},
			handle.Header{Operation: handle.Resolve, Flags: handle.FlagPublicOnly | handle.FlagKeepAlive}, handle.AppendQuestion(nil, handle.Question{Name: o.Name(at)}))
	}
	return questions
}

// startEcho sends every packet back, on as many sockets and in the same batches as the handle server.
func startEcho(ctx context.Context, work *sync.WaitGroup) (netip.AddrPort, error) {
	conns, err := datagram.Listen(ctx, "127.0.0.1:0", runtime.GOMAXPROCS(0))
	if err != nil {
		return netip.AddrPort{}, err
	}
	for _, c := range conns {
		stop := context.AfterFunc(ctx, func() { c.Close() })
		work.Go(func() {
			defer stop()
			for {
				n, err := c.Read()
				if err != nil {
					return
				}
				for i := range n {
					c.Queue(append(c.Slot(), c.Packet(i)...), i)
				}
				c.Flush()
			}
		})
	}
	return conns[0].LocalAddr(), nil
}

// startBare reads a body and answers 300 bytes.
func startBare(ctx context.Context, work *sync.WaitGroup) (netip.AddrPort, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	answer := make([]byte, 300)
	h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", server.MessageType)
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		w.Write(answer)
	})}
	stop := context.AfterFunc(ctx, func() { h.Close() })
	work.Go(func() {
		defer stop()
		h.Serve(l)
	})
	return l.Addr().(*net.TCPAddr).AddrPort(), nil
}
