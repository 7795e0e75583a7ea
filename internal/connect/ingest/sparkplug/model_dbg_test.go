package sparkplug

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// dbgEdge is a simple edge node, whose values tell whose they are: device × 1,000,000 + metric × 10,000 + a count.
type dbgEdge struct {
	r       *rand.Rand
	at      float64 // seconds, ever greater
	bd      int
	seq     int
	version [3]int // of each scope's aliases; within a session an alias that has changed its meaning never gets it back
	count   int
	born    bool
	queue   []dbgMessage
}

type dbgMessage struct {
	topic   string
	payload []byte
}

const dbgMetrics = 5

func (e *dbgEdge) tick() float64 { e.at += 0.001 + float64(e.r.IntN(200))/1000; return e.at }

func (e *dbgEdge) next() int { s := e.seq % 256; e.seq++; return s }

// alias of a metric under the scope's present table.
func (e *dbgEdge) alias(scope, metric int) uint64 {
	return uint64(100*scope + (metric+e.version[scope])%dbgMetrics)
}

func (e *dbgEdge) value(scope, metric int) float64 {
	e.count++
	return float64(scope*1_000_000 + metric*10_000 + e.count%10_000)
}

func (e *dbgEdge) topic(verb string, scope int) string {
	if scope == 0 {
		return "spBv1.0/G/N" + verb + "/E"
	}
	return fmt.Sprintf("spBv1.0/G/D%s/E/%d", verb, scope)
}

func (e *dbgEdge) send(topic string, b []byte) { e.queue = append(e.queue, dbgMessage{topic, b}) }

func (e *dbgEdge) birth(scope int) {
	at := e.tick()
	var m []Metric
	if scope == 0 {
		e.seq = 0
		m = append(m, bd(e.bd%256), rebirth())
	}
	for k := range dbgMetrics {
		m = append(m, declareMetric("m"+strconv.Itoa(k), e.alias(scope, k), Double, e.value(scope, k), at))
	}
	e.send(e.topic("BIRTH", scope), payload(at, e.next(), m...))
}

func (e *dbgEdge) births() {
	e.born = true
	for scope := range 3 {
		e.birth(scope)
	}
}

func (e *dbgEdge) data(scope int) {
	at := e.tick()
	var m []Metric
	for range 1 + e.r.IntN(3) {
		k := e.r.IntN(dbgMetrics)
		m = append(m, tell(e.alias(scope, k), Double, e.value(scope, k), at))
	}
	e.send(e.topic("DATA", scope), payload(at, e.next(), m...))
}

// connect begins a session: aliases may be others.
func (e *dbgEdge) connect() {
	e.bd++
	for i := range e.version {
		e.version[i] = e.r.IntN(2) * e.r.IntN(dbgMetrics)
	}
	e.births()
}

// step does one thing that edge nodes do.
func (e *dbgEdge) step() {
	switch n := e.r.IntN(100); {
	case n < 3:
		death := payload(e.at, -1, bd(e.bd%256))
		if e.r.IntN(3) > 0 { // else the death is lost with the broker
			e.send(nDeath, death)
		}
		e.connect()
	case n < 5:
		e.births() // of its own accord
	case n < 9:
		scope := 1 + e.r.IntN(2)
		if e.r.IntN(2) == 0 && e.version[scope] < dbgMetrics-1 {
			e.version[scope]++
		}
		e.birth(scope)
	case n < 11:
		scope := 1 + e.r.IntN(2)
		e.send(e.topic("DEATH", scope), payload(e.tick(), e.next()))
		e.birth(scope)
	default:
		e.data(e.r.IntN(3))
	}
}

// Whatever is lost, delayed, swapped or told twice: no value goes to another metric than its own, every message is
// answered once, and when the trouble is over the values come again. NBIRTHs are not lost: where the NBIRTH of a new
// session and its DBIRTHs vanish without a trace, and the numbers fit by chance, nothing in the protocol can tell.
func TestDbg(t *testing.T) {
	runs := 300
	if testing.Short() {
		runs = 50
	}
	stored, sent := 0, 0
	for run := range runs {
		e := &dbgEdge{r: rand.New(rand.NewPCG(uint64(run), 7))}
		w := newWorld(t, Config{})
		var answers []*answer
		var old []dbgMessage
		check := func() {
			for _, row := range w.told() {
				series, rest, _ := strings.Cut(row, "@")
				_, v, _ := strings.Cut(rest, "=")
				if v, _, _ = strings.Cut(v, "!"); v == "null" {
					continue
				}
				f, err := strconv.ParseFloat(v, 64)
				if err != nil {
					t.Fatal(err)
				}
				n := int(f)
				device, metric, _ := strings.Cut(series, "|")
				want := "G/E"
				if scope := n / 1_000_000; scope > 0 {
					want = fmt.Sprintf("G/E/%d", scope)
				}
				if device != want || metric != fmt.Sprintf("m%d", n/10_000%100) {
					t.Fatalf("run %d: %s", run, row)
				}
				stored++
			}
			if c := w.commands(); len(c) > 0 && e.born {
				e.births()
			}
		}
		deliver := func(m dbgMessage) {
			if run == 118 {
				p, _ := Open(m.payload)
				var mm Metric
				it := p.Metrics()
				l := ""
				for it.Next(&mm) {
					l += fmt.Sprintf(" %s/%d=%v", mm.Name, mm.Alias, asFloat(mm.Bits))
				}
				n := w.host.nodes["G/E"]
				nx := -1
				if n != nil { nx = int(n.next) }
				fmt.Println(m.topic, "seq", p.Seq, "ts", float64(int64(p.Timestamp)-begin.UnixMilli())/1000, "next", nx, l)
			}
			answers = append(answers, w.hear(m.topic, m.payload))
			check()
		}
		loss, swap, replay := e.r.IntN(10), e.r.IntN(20), e.r.IntN(4)
		e.connect()
		for range 150 {
			e.step()
			for len(e.queue) > 0 && e.r.IntN(4) > 0 {
				i := 0
				if e.r.IntN(100) < swap {
					i = min(e.r.IntN(4), len(e.queue)-1)
				}
				m := e.queue[i]
				e.queue = append(e.queue[:i:i], e.queue[i+1:]...)
				sent++
				if e.r.IntN(100) < loss && !strings.Contains(m.topic, "NBIRTH") {
					continue
				}
				deliver(m)
				if old = append(old, m); e.r.IntN(100) < replay {
					deliver(old[max(0, len(old)-1-e.r.IntN(20))])
				}
			}
			w.pass(time.Duration(e.r.IntN(300)) * time.Millisecond)
			check()
		}
		for i := range 70 {
			for len(e.queue) > 0 {
				m := e.queue[0]
				e.queue = e.queue[1:]
				deliver(m)
			}
			e.data(1 + i%2)
			w.pass(time.Second)
			check()
		}
		for len(e.queue) > 0 {
			m := e.queue[0]
			e.queue = e.queue[1:]
			deliver(m)
		}
		w.told()
		before := stored
		for scope := range 3 {
			e.data(scope)
			deliver(e.queue[0])
			e.queue = e.queue[1:]
		}
		if stored < before+3 {
			t.Fatalf("run %d: values do not come when the trouble is over", run)
		}
		for i, a := range answers {
			if a.told != 1 || a.err != nil {
				t.Fatalf("run %d: message %d was answered %d times, %v", run, i, a.told, a.err)
			}
		}
		if w.host.waiting.Load() != 0 && len(w.host.nodes["G/E"].aside) == 0 {
			t.Fatalf("run %d: %d bytes are counted as waiting", run, w.host.waiting.Load())
		}
		w.stop()
	}
	t.Logf("%d messages sent, %d values stored", sent, stored)
}
