package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate"
	"jingwei/internal/telemetry"
)

// verifier is the process that remembers. It sends the lanes as link clients of its own, serves the machine that the
// gateway polls, takes down every acknowledgement, and reads everything back over HTTP. It shares no memory and no file
// with node or gateway; of the gateway's acknowledgements it learns through a pipe.
type verifier struct {
	machine machine
	ledger  *ledger
	modbus  string // address of the machine

	mu        sync.Mutex
	begun     bool
	client    client
	base      int64
	producers []*producer
	checked   []uint64 // batches of each lane that an earlier check has read
	machineAt int64    // source time up to which the machine's series were checked
	paused    bool

	acks, notices chan struct{} // 1: one has come

	liveMu sync.Mutex // taken last
	live   Tally      // violations that were noticed while it ran
}

// begin is what the verifier is told once the node is set up.
type begin struct {
	Node    string       `json:"node"`
	Token   string       `json:"token"`
	Seed    uint64       `json:"seed"`
	Lanes   []beginLane  `json:"lanes"`
	Machine [4]uuid.UUID `json:"machine"`
}

type beginLane struct {
	Code   string       `json:"code"`
	Series [4]uuid.UUID `json:"series"`
}

// checkAsk asks for a check: of what came since the last one, or of everything.
type checkAsk struct {
	Whole      bool  `json:"whole"`
	PatienceMs int64 `json:"patienceMs"`
}

// checkAnswer is what it found.
type checkAnswer struct {
	Lanes   Tally  `json:"lanes"`
	Machine Tally  `json:"machine"`
	Live    Tally  `json:"live"`
	Error   string `json:"error,omitempty"` // it could not be done
	Status  status `json:"status"`
	TookMs  int64  `json:"tookMs"`
}

// status counts what the verifier holds.
type status struct {
	Batches uint64 `json:"batches"` // acknowledged by the node
	Samples uint64 `json:"samples"` // in them
	Streams uint64 `json:"streams"` // times that a lane's stream was opened
	Late    uint64 `json:"late"`    // batches of which a kill took the acknowledgement, told when the stream was opened again
	Noticed uint64 `json:"noticed"` // samples acknowledged by the gateway
	Torn    uint64 `json:"torn"`    // notices that a kill cut short
	Served  uint64 `json:"served"`  // readings of the machine
}

func (v *verifier) wrong(x Violation) {
	v.liveMu.Lock()
	defer v.liveMu.Unlock()
	v.live.add(x)
}

// runVerifier serves until the pipe of notices has no writer left or ctx ends. It prints its two addresses.
func runVerifier(ctx context.Context, notices io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v := &verifier{acks: make(chan struct{}, 1), notices: make(chan struct{}, 1)}
	v.ledger = newLedger(v.machine.served.Load)
	v.ledger.told = func() { poke(v.notices) }
	field, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the gateway: %w", err)
	}
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for orders: %w", err)
	}
	v.modbus = field.Addr().String()
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	work.Go(func() { v.machine.serve(ctx, field) })
	mux := http.NewServeMux()
	mux.HandleFunc("POST /begin", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(in begin) (any, error) { return struct{}{}, v.begin(ctx, &work, in) })
	})
	mux.HandleFunc("POST /check", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(in checkAsk) (any, error) { return v.check(r.Context(), in), nil })
	})
	mux.HandleFunc("POST /next", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(in nextAsk) (any, error) { return struct{}{}, v.next(r.Context(), in) })
	})
	mux.HandleFunc("POST /status", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(struct{}) (any, error) { return v.status(), nil })
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	work.Go(func() { _ = server.Serve(control) })
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	ended := make(chan struct{})
	go func() { // its read ends with the pipe, or with the process
		defer close(ended)
		v.ledger.listen(notices, v.wrong)
	}()
	fmt.Fprintf(out, "ready: %s %s\n", control.Addr(), v.modbus)
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return nil
}

func answer[In any](w http.ResponseWriter, r *http.Request, do func(In) (any, error)) {
	var in In
	err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&in)
	if err == nil {
		var out any
		if out, err = do(in); err == nil {
			_ = json.NewEncoder(w).Encode(out)
			return
		}
	}
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

// begin enrols the lanes' link clients and starts to send.
func (v *verifier) begin(ctx context.Context, work *sync.WaitGroup, in begin) error {
	packer, err := federate.NewPacker(2)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.begun {
		return errors.New("it has begun already")
	}
	v.begun = true
	v.client = client{base: in.Node, token: in.Token}
	v.ledger.series = in.Machine
	v.base = time.Now().Add(-30 * time.Minute).UnixNano()
	for i, l := range in.Lanes {
		m, err := enrol(ctx, &v.client, l.Code)
		if err != nil {
			return err
		}
		v.producers = append(v.producers, newProducer(m, packer, in.Seed*100+uint64(i), v.base, l.Series, v.wrong, func() { poke(v.acks) }))
	}
	v.checked = make([]uint64, len(v.producers))
	for _, p := range v.producers {
		work.Go(func() { p.run(ctx) })
		work.Go(func() {
			tick := time.NewTicker(laneEvery)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
				v.mu.Lock()
				paused := v.paused
				v.mu.Unlock()
				if !paused {
					p.make(1)
				}
			}
		})
	}
	return nil
}

// nextAsk asks to be answered at the next acknowledgement.
type nextAsk struct {
	Notice bool `json:"notice"` // of the gateway; else of the node
}

// burst is how many batches each lane makes when the next acknowledgement is waited for: while the first are synced,
// the others wait in the node's memory, where only a node that acknowledges too early would have acknowledged them.
const burst = 24

// next has all lanes send at once and answers when an acknowledgement comes: the worst moment for one that was made too
// early.
func (v *verifier) next(ctx context.Context, ask nextAsk) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	come := v.notices
	if !ask.Notice {
		come = v.acks
	}
	select {
	case <-come: // an older one
	default:
	}
	if !ask.Notice {
		for _, p := range v.producers {
			p.make(burst)
		}
	}
	select {
	case <-come:
	case <-ctx.Done(): // none came: any moment is as good as another
	}
	return nil
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (v *verifier) status() (s status) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.producers {
		p.mu.Lock()
		s.Batches += p.book.acked
		s.Samples += p.book.acked * laneRows * 4
		s.Streams += p.resumed
		s.Late += p.late
		p.mu.Unlock()
	}
	v.ledger.mu.Lock()
	defer v.ledger.mu.Unlock()
	for i := range v.ledger.noted {
		s.Noticed += uint64(len(v.ledger.noted[i]))
	}
	s.Torn, s.Served = v.ledger.torn, v.machine.served.Load()
	return s
}

func (v *verifier) pause(on bool) {
	v.mu.Lock()
	v.paused = on
	v.mu.Unlock()
}

// check pauses the lanes, waits until all that is under way has arrived, and reads back. Lanes go on afterwards.
func (v *verifier) check(ctx context.Context, ask checkAsk) (out checkAnswer) {
	began := time.Now()
	v.pause(true)
	defer v.pause(false)
	upTo, err := v.settle(ctx, time.Duration(ask.PatienceMs)*time.Millisecond)
	if err == nil {
		err = errors.Join(v.readLanes(ctx, ask.Whole, &out.Lanes), v.readMachine(ctx, ask.Whole, upTo, &out.Machine))
	}
	if err != nil {
		out.Error = err.Error()
	}
	v.liveMu.Lock()
	out.Live, v.live = v.live, Tally{}
	v.liveMu.Unlock()
	out.Status, out.TookMs = v.status(), time.Since(began).Milliseconds()
	return out
}

// settle waits until the node has acknowledged all that the lanes have made, and holds what the gateway has told of. It
// returns the source time up to which the machine's series can be judged.
func (v *verifier) settle(ctx context.Context, patience time.Duration) (upTo int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begun := time.Now().UnixNano()
	for _, p := range v.producers {
		if err := until(ctx, func() (bool, error) { return p.settled(), nil }); err != nil {
			b := p.copyBook()
			return 0, fmt.Errorf("the lane of gateway %s did not settle: %d batches acknowledged, %d sent: %w", p.member.id, b.acked, b.sent, err)
		}
	}
	// A notice of after the pause means that those before it have all come.
	if err := until(ctx, func() (bool, error) { return v.ledger.heard() > begun, nil }); err != nil {
		return 0, fmt.Errorf("the gateway spools nothing: %w", err)
	}
	newest := v.ledger.newest(1, begun)
	if newest == 0 {
		return 0, nil
	}
	err = until(ctx, func() (bool, error) {
		got, err := v.client.samples(ctx, v.ledger.series[1], telemetry.Int64, newest, newest+1)
		return len(got) > 0, err
	})
	if err != nil {
		return 0, fmt.Errorf("what the gateway acknowledged does not reach the node: %w", err)
	}
	return newest + 1, nil
}

func until(ctx context.Context, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ok {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// anyTime is the span that holds every sample.
var anyTime = [2]int64{0, time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()}

func (v *verifier) readLanes(ctx context.Context, whole bool, t *Tally) error {
	for i, p := range v.producers {
		b := p.copyBook()
		from := v.checked[i] * laneRows
		step := int64(from) * laneStep
		spans := [][2]int64{{b.base - lateBy + step, b.base - lateBy/2}, {b.base + step, anyTime[1]}}
		if whole {
			from, spans = 0, [][2]int64{anyTime}
		}
		a := newAudit(t, &b, from)
		for k, id := range b.series {
			var got []telemetry.Sample
			for _, s := range spans {
				part, err := v.client.samples(ctx, id, laneTypes[k], s[0], s[1])
				if err != nil {
					return fmt.Errorf("read series %s back: %w", id, err)
				}
				got = append(got, part...)
			}
			a.series(k, got)
		}
		v.checked[i] = b.acked
	}
	return nil
}

func (v *verifier) readMachine(ctx context.Context, whole bool, to int64, t *Tally) error {
	from := v.machineAt
	if whole {
		from = 0
	}
	if to <= from {
		return nil
	}
	var got [4][]telemetry.Sample
	for k, id := range v.ledger.series {
		var err error
		if got[k], err = v.client.samples(ctx, id, laneTypes[k], from, to); err != nil {
			return fmt.Errorf("read the machine's series %s back: %w", id, err)
		}
	}
	v.ledger.audit(t, got, from, to)
	v.machineAt = to
	return nil
}
