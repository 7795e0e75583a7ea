package federate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/google/uuid"
)

// Item is one batch of a source, in its encoded form.
type Item struct {
	Seq   uint64
	Table uint64 // which table the body's series are numbered by; another number is another table
	Body  []byte // valid until the next call to the source
}

// Source is where a sender takes its batches from: a spool. One goroutine calls all methods but Acked.
type Source interface {
	// Resume is called on each connection with what the receiver holds durably of this producer. It answers with the
	// epoch to send under and puts the reading position at the first batch to send.
	Resume(ctx context.Context, farEpoch, farSeq uint64) (epoch uint64, err error)
	// Next waits for the next batch, TryNext does not.
	Next(ctx context.Context) (Item, error)
	TryNext() (Item, bool, error)
	// TableBytes returns the encoded table of a number that an item named.
	TableBytes(table uint64) ([]byte, error)
	// Acked tells that everything up to a.Seq is durable at the receiver. It may be called by another goroutine.
	Acked(a Ack)
	// Refused sets the refused rows aside durably and puts the reading position at the refused batch, which must now
	// come without them (with no rows at all if need be).
	Refused(ctx context.Context, f Refusal) error
	// Seek puts the reading position at a batch that the receiver asks for again.
	Seek(seq uint64) error
}

// SenderOptions tune one stream.
type SenderOptions struct {
	Producer   uuid.UUID
	Packer     *Packer
	Compress   bool
	BlockBytes int // a block is sent once it has so many bytes, or at once when nothing more is waiting; default 128 KiB
	Logger     *slog.Logger
	OnSent     func(batches int, bytes int) // may be nil
}

// senderWindow is what the sender allows the receiver to have under way: acknowledgements and refusals.
const senderWindow = 256 << 10

// Send opens a sample stream on the connection and moves the source's batches through it until ctx or the channel ends;
// it returns the reason.
func Send(ctx context.Context, c *Conn, src Source, o SenderOptions) error {
	if o.BlockBytes <= 0 {
		o.BlockBytes = 128 << 10
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	ch, answer, err := c.Open(ctx, KindSamples, senderWindow, append([]byte{streamFormat}, o.Producer[:]...))
	if err != nil {
		return fmt.Errorf("open the sample stream: %w", err)
	}
	defer ch.Close(CodeClosing, "done")
	far, err := parsePosition(answer)
	if err != nil {
		return err
	}
	epoch, err := src.Resume(ctx, far.Epoch, far.Seq)
	if err != nil {
		return fmt.Errorf("resume after %d-%d: %w", far.Epoch, far.Seq, err)
	}
	s := &sender{o: o, ch: ch, src: src, epoch: epoch}
	s.interrupt()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var answers sync.WaitGroup
	answers.Go(func() { cancel(s.listen(ctx)) })
	err = s.send(ctx)
	cancel(err)
	answers.Wait()
	return context.Cause(ctx)
}

const streamFormat = 1

type sender struct {
	o     SenderOptions
	ch    *Channel
	src   Source
	epoch uint64
	table uint64 // the one the receiver holds
	told  bool   // it holds one at all

	mu      sync.Mutex
	pending []func(context.Context) error // repositionings that the receiver asked for
	wake    chan struct{}                 // closed when pending got its first
}

// interrupt renews the channel that ends a wait for the next batch.
func (s *sender) interrupt() {
	s.wake = make(chan struct{})
}

func (s *sender) listen(ctx context.Context) error {
	for {
		m, err := s.ch.Receive(ctx)
		if err != nil {
			return err
		}
		if err := s.answer(m.Data); err != nil {
			return err
		}
		s.ch.Release(m.Cost())
	}
}

func (s *sender) answer(b []byte) error {
	switch b[0] {
	case streamAck:
		a, err := parseAck(b[1:])
		if err != nil {
			return err
		}
		if a.Epoch != s.epoch {
			return malformed("an acknowledgement of epoch %d in epoch %d", a.Epoch, s.epoch)
		}
		s.src.Acked(a)
	case streamRefused:
		f, err := parseRefusal(b[1:])
		if err != nil {
			return err
		}
		s.ask(func(ctx context.Context) error { return s.src.Refused(ctx, f) })
	case streamResume:
		p, err := parsePosition(b[1:])
		if err != nil {
			return err
		}
		s.ask(func(context.Context) error { return s.src.Seek(p.Seq + 1) })
	default:
		return malformed("stream message %d from the receiver", b[0])
	}
	return nil
}

func (s *sender) ask(f func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		close(s.wake)
	}
	s.pending = append(s.pending, f)
}

// reposition does what the receiver asked for, in order.
func (s *sender) reposition(ctx context.Context) error {
	s.mu.Lock()
	todo := s.pending
	if len(todo) > 0 {
		s.pending = nil
		s.interrupt()
	}
	s.mu.Unlock()
	for _, f := range todo {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *sender) send(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := s.reposition(ctx); err != nil {
			return err
		}
		item, err := s.next(ctx)
		if errors.Is(err, errInterrupted) {
			continue
		}
		if err != nil {
			return err
		}
		if err := s.block(ctx, item); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

var errInterrupted = errors.New("the receiver asks for something else")

// next returns a batch that is there, or waits for one or until the receiver asks for a repositioning.
func (s *sender) next(ctx context.Context) (Item, error) {
	if item, ok, err := s.src.TryNext(); ok || err != nil {
		return item, err
	}
	s.mu.Lock()
	wake := s.wake
	s.mu.Unlock()
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-wake:
			cancel(errInterrupted)
		case <-waiting.Done():
		}
	})
	item, err := s.src.Next(waiting)
	cancel(nil)
	watch.Wait()
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(waiting), errInterrupted) {
		return item, errInterrupted
	}
	return item, err
}

// block sends the batch and what waits behind it, up to one block.
func (s *sender) block(ctx context.Context, item Item) error {
	if !s.told || item.Table != s.table {
		blob, err := s.src.TableBytes(item.Table)
		if err != nil {
			return fmt.Errorf("series table %d: %w", item.Table, err)
		}
		if err := s.ch.Send(ctx, append([]byte{streamTable}, blob...)); err != nil {
			return err
		}
		s.told, s.table = true, item.Table
	}
	b := block{Epoch: s.epoch, First: item.Seq}
	bytes := 0
	// One batch that does not belong any more is read again by going back to it.
	for {
		b.Bodies = append(b.Bodies, append([]byte(nil), item.Body...))
		bytes += len(item.Body)
		if bytes >= s.o.BlockBytes || len(b.Bodies) == maxBatches {
			break
		}
		next, ok, err := s.src.TryNext()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if next.Table != s.table || next.Seq != b.First+uint64(len(b.Bodies)) || bytes+len(next.Body) > s.o.BlockBytes+MaxBody/2 {
			if err := s.src.Seek(next.Seq); err != nil {
				return err
			}
			break
		}
		item = next
	}
	message := b.append(nil, s.o.Packer, s.o.Compress)
	if err := s.ch.Send(ctx, message); err != nil {
		return err
	}
	if s.o.OnSent != nil {
		s.o.OnSent(len(b.Bodies), len(message))
	}
	return nil
}
