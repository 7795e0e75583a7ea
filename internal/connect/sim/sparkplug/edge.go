package sparkplug

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	wire "jingwei/internal/connect/ingest/sparkplug"
)

const timeout = 5 * time.Second

var errDropped = errors.New("broken on purpose")

// edge is the edge node across its connections. One goroutine owns it.
type edge struct {
	s     *Simulator
	bdSeq uint64
	seq   uint64
	born  bool // this or an earlier session has told births
	first []message
	ready sync.Once
}

type message struct {
	topic   string
	payload []byte
}

// connection is one MQTT session: births, data, and answers to requests, until it breaks. stood tells whether there was one.
func (e *edge) connection(ctx context.Context) (stood bool, err error) {
	s := e.s
	e.bdSeq++
	lost, asked, online := make(chan error, 1), make(chan struct{}, 1), make(chan bool, 16)
	var socket net.Conn
	o := s.o.Session(ctx, s.o.ClientID, timeout, func(c net.Conn) net.Conn { socket = c; return c }, lost).
		SetBinaryWill(e.topic("NDEATH", ""), wire.AppendPayload(nil, wire.Payload{Timestamp: uint64(s.o.Now().UnixMilli())}, []wire.Metric{e.bdSeqMetric()}), 1, false)
	c := paho.NewClient(o)
	defer c.Disconnect(0)
	if err := wait(ctx, c.Connect()); err != nil {
		return false, err
	}
	s.stats.connections.Add(1)
	commands := func(_ paho.Client, m paho.Message) {
		if wantsBirths(m.Payload()) {
			select {
			case asked <- struct{}{}:
			default:
			}
		}
	}
	if err := wait(ctx, c.Subscribe(e.topic("NCMD", ""), 1, commands)); err != nil {
		return true, err
	}
	if s.o.PrimaryHost != "" {
		told := func(_ paho.Client, m paho.Message) {
			var state struct {
				Online bool `json:"online"`
			}
			if json.Unmarshal(m.Payload(), &state) == nil {
				select {
				case online <- state.Online:
				default:
				}
			}
		}
		if err := wait(ctx, c.Subscribe("spBv1.0/STATE/"+s.o.PrimaryHost, 1, told)); err != nil {
			return true, err
		}
		for up := false; !up; {
			select {
			case up = <-online:
			case err := <-lost:
				return true, err
			case <-ctx.Done():
				return true, ctx.Err()
			}
		}
	}
	silent := e.born && s.chance(func(f *Faults) float64 { return f.Silent })
	if silent {
		s.stats.silent.Add(1)
		e.seq = 0
	} else if err := e.births(ctx, c); err != nil {
		return true, err
	}
	e.ready.Do(func() {
		if s.o.Ready != nil {
			s.o.Ready()
		}
	})
	tick := time.NewTicker(s.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for _, d := range s.devices {
				if err := e.data(ctx, c, d); err == errDropped {
					socket.Close() // without a DISCONNECT: the broker tells the Will
					return true, err
				} else if err != nil {
					return true, err
				}
			}
		case <-asked:
			s.stats.rebirths.Add(1)
			if err := e.births(ctx, c); err != nil {
				return true, err
			}
		case up := <-online:
			if !up { // tck-id-operational-behavior-edge-node-termination-host-offline
				return true, e.leave(c)
			}
		case <-s.drop:
			s.stats.dropped.Add(1)
			socket.Close()
			return true, errDropped
		case err := <-lost:
			return true, err
		case <-ctx.Done():
			return true, e.leave(c)
		}
	}
}

// leave tells the death itself: a DISCONNECT keeps the broker from telling the Will.
func (e *edge) leave(c paho.Client) error {
	t := c.Publish(e.topic("NDEATH", ""), 1, false, wire.AppendPayload(nil, wire.Payload{Timestamp: uint64(e.s.o.Now().UnixMilli())}, []wire.Metric{e.bdSeqMetric()}))
	t.WaitTimeout(time.Second)
	c.Disconnect(200)
	return errors.New("left")
}

func wait(ctx context.Context, t paho.Token) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *edge) topic(verb, device string) string {
	t := "spBv1.0/" + e.s.o.Group + "/" + verb + "/" + e.s.o.Node
	if device != "" {
		t += "/" + device
	}
	return t
}

func (e *edge) bdSeqMetric() wire.Metric {
	return wire.Metric{Name: []byte("bdSeq"), Timestamp: uint64(e.s.o.Now().UnixMilli()), Datatype: wire.Int64, Kind: wire.KindLong, Bits: e.bdSeq % 256}
}

// births tells the node's birth and those of its devices.
func (e *edge) births(ctx context.Context, c paho.Client) error {
	s, now := e.s, e.s.o.Now()
	e.seq = 0
	at := uint64(now.UnixMilli())
	out := []message{{e.topic("NBIRTH", ""), e.payload(now, []wire.Metric{e.bdSeqMetric(),
		{Name: []byte("Node Control/Rebirth"), Timestamp: at, Datatype: wire.Boolean, Kind: wire.KindBool},
		{Name: []byte("Properties/Simulator"), Alias: 1, HasAlias: true, Timestamp: at, Datatype: wire.String, Kind: wire.KindString, Bytes: []byte("jingwei sim sparkplug")}})}}
	for _, d := range s.devices {
		out = append(out, message{e.topic("DBIRTH", d.Name), e.payload(now, d.metrics(now, true))})
	}
	if e.first == nil {
		e.first = out
	}
	for _, m := range out {
		if err := wait(ctx, c.Publish(m.topic, 1, false, m.payload)); err != nil {
			return err
		}
	}
	e.born = true
	s.stats.births.Add(1)
	return nil
}

func (e *edge) payload(now time.Time, metrics []wire.Metric) []byte {
	p := wire.AppendPayload(nil, wire.Payload{Timestamp: uint64(now.UnixMilli()), Seq: e.seq % 256, HasSeq: true}, metrics)
	e.seq++
	return p
}

// data tells what has changed of a device.
func (e *edge) data(ctx context.Context, c paho.Client, d *device) error {
	s, now := e.s, e.s.o.Now()
	metrics := d.metrics(now, false)
	if len(metrics) == 0 {
		return nil
	}
	if s.chance(func(f *Faults) float64 { return f.Drop }) {
		s.stats.dropped.Add(1)
		return errDropped
	}
	b := e.payload(now, metrics)
	if s.chance(func(f *Faults) float64 { return f.Swallow }) {
		s.stats.swallowed.Add(1)
		return nil
	}
	if err := wait(ctx, c.Publish(e.topic("DDATA", d.Name), 1, false, b)); err != nil {
		return err
	}
	s.stats.published.Add(1)
	if s.chance(func(f *Faults) float64 { return f.Replay }) {
		s.stats.replayed.Add(1)
		for _, m := range e.first {
			if err := wait(ctx, c.Publish(m.topic, 1, false, m.payload)); err != nil {
				return err
			}
		}
	}
	return nil
}

// wantsBirths tells whether a command asks for births.
func wantsBirths(b []byte) bool {
	p, err := wire.Open(b)
	if err != nil {
		return false
	}
	var m wire.Metric
	for it := p.Metrics(); it.Next(&m); {
		if string(m.Name) == "Node Control/Rebirth" && m.Bits == 1 {
			return true
		}
	}
	return false
}
