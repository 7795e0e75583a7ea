package ingest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
)

// load is what one run of the generator sends.
type load struct {
	Mode     string // "sparkplug", "influx", "remote-write"
	Address  string // host:port of the broker, or a URL
	User     string
	Password string
	Inflight int // messages of a connection that wait for their acknowledgement
	Rate     int // messages per second of all connections together; 0: as many as go
	For      time.Duration
	Messages int // instead of For: so many messages of all connections together
	Seed     uint64
}

// sent is what became of it.
type sent struct {
	Births   int     `json:"births"` // points in births
	Messages int     `json:"messages"`
	Points   int     `json:"points"` // without the births
	Bytes    int64   `json:"bytes"`
	Wall     float64 `json:"wall"` // seconds from the first message to the last acknowledgement
	P50      float64 `json:"p50"`  // ms from publish to acknowledgement
	P99      float64 `json:"p99"`
	Most     float64 `json:"most"`
}

// loadCommand is the generator's process. It says "ready" once its connections stand, begins at a line on its input, and
// prints what became of it.
func loadCommand() *cobra.Command {
	var l load
	c := &cobra.Command{Use: "load", Hidden: true, Args: cobra.NoArgs}
	f := c.Flags()
	f.StringVar(&l.Mode, "mode", "sparkplug", "")
	f.StringVar(&l.Address, "address", "", "")
	f.StringVar(&l.User, "user", "", "")
	f.StringVar(&l.Password, "password", "", "")
	f.IntVar(&l.Inflight, "inflight", 32, "")
	f.IntVar(&l.Rate, "rate", 0, "")
	f.DurationVar(&l.For, "for", 5*time.Second, "")
	f.IntVar(&l.Messages, "messages", 0, "")
	f.Uint64Var(&l.Seed, "seed", 1, "")
	c.RunE = func(c *cobra.Command, _ []string) error {
		in := bufio.NewReader(c.InOrStdin())
		out, err := l.run(c.Context(), func() error {
			fmt.Fprintln(c.OutOrStdout(), "ready: load")
			_, err := in.ReadString('\n')
			return err
		})
		if err != nil {
			return err
		}
		return json.NewEncoder(c.OutOrStdout()).Encode(out)
	}
	return c
}

// run sends the load; begin is called once everything is connected and announced.
func (l *load) run(ctx context.Context, begin func() error) (*sent, error) {
	if l.Mode == "remote-write" {
		return l.remoteWrite(ctx, begin)
	}
	v := newValues(l.Seed)
	conns := make([]*sender, devices)
	out := new(sent)
	for d := range conns {
		s := &sender{load: l, sentAt: make([]int64, 1<<16)}
		id := fmt.Sprintf("bench-%03d", d)
		var err error
		if s.client, err = dialMQTT(l.Address, id, l.User, l.Password); err != nil {
			return nil, err
		}
		defer s.client.close()
		s.last = time.Now().UnixMilli()
		switch l.Mode {
		case "sparkplug":
			p := newSparkplug(v, d, s.last)
			s.payload = p
			topic, body := p.birth(s.last, uint64(s.last))
			s.client.add(topic, body)
			if err := s.client.flush(); err != nil {
				return nil, err
			}
			out.Births += metrics
		case "influx":
			s.payload = &lines{v: v, device: d}
		default:
			return nil, fmt.Errorf("there is no load %q", l.Mode)
		}
		s.topic = s.payload.topic()
		conns[d] = s
	}
	if l.Mode == "sparkplug" {
		for d, s := range conns {
			for got := false; !got; {
				if err := s.client.acks(func(uint16) { got = true }); err != nil {
					return nil, fmt.Errorf("birth of device %d: %w", d, err)
				}
			}
		}
	}
	if err := begin(); err != nil {
		return nil, err
	}
	var left atomic.Int64
	left.Store(int64(l.Messages))
	took := func() bool { return l.Messages == 0 || left.Add(-1) >= 0 }
	start := time.Now()
	stop := start.Add(l.For)
	if l.Messages > 0 {
		stop = start.Add(time.Hour)
	}
	errs := make([]error, len(conns))
	var wg sync.WaitGroup
	for d, s := range conns {
		wg.Go(func() {
			if l.Rate > 0 {
				errs[d] = s.paced(ctx, start, stop, d)
			} else {
				errs[d] = s.flood(ctx, stop, took)
			}
		})
	}
	wg.Wait()
	out.Wall = time.Since(start).Seconds()
	var took64 []float64
	for _, s := range conns {
		out.Messages += s.messages
		out.Bytes += s.bytes
		took64 = append(took64, s.took...)
	}
	out.Points = out.Messages * metrics
	out.quantiles(took64)
	return out, errors.Join(errs...)
}

func (s *sent) quantiles(ms []float64) {
	if len(ms) == 0 {
		return
	}
	slices.Sort(ms)
	s.P50, s.P99, s.Most = ms[len(ms)/2], ms[len(ms)*99/100], ms[len(ms)-1]
}

// sender is one connection.
type sender struct {
	*load
	client   *mqttClient
	payload  payload
	topic    string
	sentAt   []int64 // by packet identifier
	last     int64   // time of the last message, ms
	messages int
	bytes    int64
	open     int
	took     []float64 // ms
}

// publish queues one message, dated later than the one before.
func (s *sender) publish() {
	s.messages++
	s.last = max(s.last+1, time.Now().UnixMilli())
	body := s.payload.fill(s.messages, s.last)
	id := s.client.add(s.topic, body)
	s.bytes += int64(len(body))
	s.sentAt[id] = time.Now().UnixNano()
	s.open++
}

func (s *sender) acked(id uint16) {
	s.open--
	s.took = append(s.took, float64(time.Now().UnixNano()-s.sentAt[id])/1e6)
}

// flood keeps Inflight messages unacknowledged until stop or until there are no more to send.
func (s *sender) flood(ctx context.Context, stop time.Time, more func() bool) error {
	sending := true
	for {
		for sending && s.open < s.Inflight {
			if time.Now().After(stop) || ctx.Err() != nil || !more() {
				sending = false
				break
			}
			s.publish()
		}
		if len(s.client.out) > 0 {
			if err := s.client.flush(); err != nil {
				return err
			}
		}
		if s.open == 0 {
			return ctx.Err()
		}
		if err := s.client.acks(s.acked); err != nil {
			return fmt.Errorf("with %d messages unacknowledged: %w", s.open, err)
		}
	}
}

// paced sends at fixed times and waits for each acknowledgement; the connections take turns.
func (s *sender) paced(ctx context.Context, start, stop time.Time, turn int) error {
	every := time.Duration(devices) * time.Second / time.Duration(s.Rate)
	next := start.Add(every * time.Duration(turn) / devices)
	for next.Before(stop) {
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return ctx.Err()
		}
		next = next.Add(every)
		s.publish()
		if err := s.client.flush(); err != nil {
			return err
		}
		for s.open > 0 {
			if err := s.client.acks(s.acked); err != nil {
				return err
			}
		}
	}
	return nil
}

// echoCommand is the floor: a broker that does nothing but acknowledge.
func echoCommand() *cobra.Command {
	return &cobra.Command{Use: "echo", Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		return echo(c.Context(), func(address string) { fmt.Fprintln(c.OutOrStdout(), "ready:", address) })
	}}
}
