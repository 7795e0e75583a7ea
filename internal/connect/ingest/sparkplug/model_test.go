package sparkplug

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// modelEdge is a simple edge node, whose values tell whose they are: device × 1,000,000 + metric × 10,000 + a count.
type modelEdge struct {
	r       *rand.Rand
	ms      int     // ever greater
	at      float64 // the same in seconds
	bd      int
	seq     int
	version [3]int // of each scope's aliases; within a session an alias that has changed its meaning never gets it back
	count   int
	born    bool
	queue   []modelMessage
}

type modelMessage struct {
	topic   string
	payload []byte
}

const modelMetrics = 5

func (e *modelEdge) tick() float64 {
	e.ms += 1 + e.r.IntN(200)
	e.at = float64(e.ms) / 1000
	return e.at
}

func (e *modelEdge) next() int { s := e.seq % 256; e.seq++; return s }

// alias of a metric under the scope's present table.
func (e *modelEdge) alias(scope, metric int) uint64 {
	return uint64(100*scope + (metric+e.version[scope])%modelMetrics)
}

func (e *modelEdge) value(scope, metric int) float64 {
	e.count++
	return float64(scope*1_000_000 + metric*10_000 + e.count%10_000)
}

func (e *modelEdge) topic(verb string, scope int) string {
	if scope == 0 {
		return "spBv1.0/G/N" + verb + "/E"
	}
	return fmt.Sprintf("spBv1.0/G/D%s/E/%d", verb, scope)
}

func (e *modelEdge) send(topic string, b []byte) { e.queue = append(e.queue, modelMessage{topic, b}) }

func (e *modelEdge) birth(scope int) {
	at := e.tick()
	var m []Metric
	if scope == 0 {
		e.seq = 0
		m = append(m, bd(e.bd%256), rebirth())
	}
	for k := range modelMetrics {
		m = append(m, declareMetric("m"+strconv.Itoa(k), e.alias(scope, k), Double, e.value(scope, k), at))
	}
	e.send(e.topic("BIRTH", scope), payload(at, e.next(), m...))
}

func (e *modelEdge) births() {
	e.born = true
	for scope := range 3 {
		e.birth(scope)
	}
}

func (e *modelEdge) data(scope int) {
	at := e.tick()
	var m []Metric
	for range 1 + e.r.IntN(3) {
		k := e.r.IntN(modelMetrics)
		m = append(m, tell(e.alias(scope, k), Double, e.value(scope, k), at))
	}
	e.send(e.topic("DATA", scope), payload(at, e.next(), m...))
}

// connect begins a session: aliases may be others.
func (e *modelEdge) connect() {
	e.bd++
	for i := range e.version {
		e.version[i] = e.r.IntN(2) * e.r.IntN(modelMetrics)
	}
	e.births()
}

// step does one thing that edge nodes do.
func (e *modelEdge) step() {
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
		if e.r.IntN(2) == 0 && e.version[scope] < modelMetrics-1 {
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
// answered once, and when the trouble is over the values come again. NBIRTHs are not lost, and data do not overtake them:
// where the births of a session have not come, and the number of its data fits the session before by chance, nothing in
// the protocol can tell.
func TestNoValueGoesToAWrongMetric(t *testing.T) {
	runs := 400
	if testing.Short() {
		runs = 50
	}
	stored, sent := 0, 0
	for run := range runs {
		e := &modelEdge{r: rand.New(rand.NewPCG(uint64(run), 7))}
		w := newWorld(t, Config{})
		var answers []*answer
		var old []modelMessage
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
		deliver := func(m modelMessage) {
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
				if m := e.queue[i]; strings.Contains(m.topic, "DATA") && slices.ContainsFunc(e.queue[:i], func(m modelMessage) bool { return m.topic == nBirth }) {
					i = 0
				}
				// MQTT keeps the order of one topic.
				i = slices.IndexFunc(e.queue, func(m modelMessage) bool { return m.topic == e.queue[i].topic })
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
