package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

var (
	// errAbsent: the replica that answered does not have the message.
	errAbsent = errors.New("the message is not there")
	errSilent = errors.New("the cluster does not answer")
)

const (
	fetchBytes  = 512 << 10   // of a batch; the last message of one may pass it
	fetchGroups = 256         // of a batch
	oneAttempt  = time.Second // for an answer to begin: a replica that hangs may have taken the request
)

// request is what the direct-get API of JetStream takes. A read needs no consumer: the sequence is all its state, any
// replica answers, and nothing is left over in the cluster when the reader is gone.
type request struct {
	Sequence uint64 `json:"seq"`
	Batch    int    `json:"batch,omitempty"`
	MaxBytes int    `json:"max_bytes,omitempty"`
}

// direct asks once and gives every message that comes to each, until the answer ends.
func (l *Log) direct(ctx context.Context, r request, each func(sequence uint64, data []byte) error) error {
	ctx, cancel := context.WithTimeout(ctx, l.o.ReadWait)
	defer cancel()
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	sub, err := l.nc.SubscribeSync(l.nc.NewRespInbox())
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := l.nc.PublishRequest("$JS.API.DIRECT.GET."+l.o.Stream, sub.Subject, body); err != nil {
		return err
	}
	for {
		attempt, cancel := context.WithTimeout(ctx, oneAttempt)
		m, err := sub.NextMsgWithContext(attempt)
		cancel()
		switch {
		case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return errSilent
		case errors.Is(err, nats.ErrNoResponders):
			return errSilent
		case err != nil:
			return err
		}
		switch status := m.Header.Get("Status"); status {
		case "":
		case "204": // the end of a batch
			return nil
		case "404":
			return errAbsent
		case "503":
			return errSilent
		default:
			return fmt.Errorf("the cluster answers %s %s", status, m.Header.Get("Description"))
		}
		sequence, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
		if err != nil {
			return fmt.Errorf("the cluster answers with sequence %q", m.Header.Get("Nats-Sequence"))
		}
		l.stats.fetched.Add(uint64(len(m.Data)))
		if err := each(sequence, m.Data); err != nil {
			return err
		}
		if r.Batch == 0 {
			return nil
		}
	}
}

// look reads one group with one question. Errors: errAbsent, *DamageError, those of the connection.
func (l *Log) look(ctx context.Context, sequence uint64) (g *stored, err error) {
	err = l.direct(ctx, request{Sequence: sequence}, func(n uint64, data []byte) error {
		g, err = l.parse(data, n)
		return err
	})
	return g, err
}

func (l *Log) parse(data []byte, sequence uint64) (*stored, error) {
	g, err := parse(data, sequence)
	if err != nil {
		return nil, &DamageError{l.o.Stream, sequence, err.Error()}
	}
	return g, nil
}

// patiently asks again while replicas are silent or lag.
func (l *Log) patiently(ctx context.Context, sequence uint64, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, l.o.ReadWait)
	defer cancel()
	pause, absent := retryPause, 0
	for {
		err := ask()
		var damage *DamageError
		switch {
		case err == nil || errors.As(err, &damage) || errors.Is(err, nats.ErrConnectionClosed):
			return err
		case errors.Is(err, errAbsent):
			// Mostly a replica that lags. But what the leader does not have either, twice, is not there.
			switch present, e := l.leaderHas(ctx, sequence); {
			case present || e != nil:
				absent = 0
			case absent == 1:
				return err
			default:
				absent++
			}
		default:
			absent = 0
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("read journal stream %s: %w", l.o.Stream, err)
		case <-l.closing:
			return err
		}
		pause = min(2*pause, retryMax)
	}
}

// leaderHas asks the stream's leader for a message.
func (l *Log) leaderHas(ctx context.Context, sequence uint64) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, oneAttempt)
	defer cancel()
	m, err := l.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+l.o.Stream, fmt.Appendf(nil, `{"seq":%d}`, sequence))
	if err != nil {
		return false, err
	}
	var a struct {
		Error *struct {
			Code        int    `json:"code"`
			Description string `json:"description"`
		} `json:"error"`
	}
	switch err := json.Unmarshal(m.Data, &a); {
	case err != nil:
		return false, err
	case a.Error == nil:
		return true, nil
	case a.Error.Code == 404:
		return false, nil
	}
	return false, errors.New(a.Error.Description)
}

// fetchOne reads the group at a sequence.
func (l *Log) fetchOne(ctx context.Context, sequence uint64) (g *stored, err error) {
	err = l.patiently(ctx, sequence, func() error {
		g, err = l.look(ctx, sequence)
		return err
	})
	return g, err
}

// fetchFrom reads the first group at a sequence or behind it.
func (l *Log) fetchFrom(ctx context.Context, sequence uint64) (g *stored, err error) {
	err = l.patiently(ctx, sequence, func() error {
		return l.direct(ctx, request{Sequence: sequence, Batch: 1}, func(n uint64, data []byte) error {
			g, err = l.parse(data, n)
			return err
		})
	})
	return g, err
}

// fetch reads groups from a sequence on, none behind limit: at least that one. A sequence between them that is missing is a
// *DamageError, unless it was trimmed meanwhile, which is for the caller to see: then the answer is errAbsent.
func (l *Log) fetch(ctx context.Context, from, limit uint64) (groups []*stored, err error) {
	err = l.patiently(ctx, from, func() error {
		groups = groups[:0]
		r := request{Sequence: from, Batch: int(min(limit-from+1, fetchGroups)), MaxBytes: fetchBytes}
		err := l.direct(ctx, r, func(n uint64, data []byte) error {
			due := from + uint64(len(groups))
			if n != due {
				if len(groups) == 0 {
					return errAbsent
				}
				return &DamageError{l.o.Stream, due, fmt.Sprintf("the message is missing; the next one is %d", n)}
			}
			if n > limit {
				return nil
			}
			g, err := l.parse(data, n)
			if err == nil && len(groups) > 0 {
				if e := g.follows(groups[len(groups)-1]); e != nil {
					err = &DamageError{l.o.Stream, n, e.Error()}
				}
			}
			if err == nil {
				groups = append(groups, g)
			}
			return err
		})
		if len(groups) > 0 {
			return nil // what is wrong behind them is met by the next fetch
		}
		if err == nil {
			err = errAbsent
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return groups, nil
}

// locate returns the group with the greatest sequence of which is holds. is must hold of groups up to some place, and of
// none behind; where it does not hold of the first one, that is returned.
func (l *Log) locate(ctx context.Context, is func(place) bool) (place, error) {
	for {
		l.view.Lock()
		low, high := l.view.around(is)
		first := l.view.first.sequence
		l.view.Unlock()
		moved := false
		for low.sequence+1 < high {
			middle := low.sequence + (high-low.sequence)/2
			g, err := l.fetchFrom(ctx, middle)
			if err != nil && !errors.Is(err, errAbsent) {
				return low, err
			}
			l.view.Lock()
			moved = l.view.first.sequence != first // trimmed meanwhile
			l.view.Unlock()
			switch {
			case moved:
			case err == nil && g.sequence < high && is(placeOf(g)):
				low = placeOf(g)
			default: // what is missing between is for those to find who read it
				high = middle
			}
			if moved {
				break
			}
		}
		if !moved {
			return low, nil
		}
	}
}
