package federate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

// Door is where a receiver puts what it gets; *telemetry.Store is one.
type Door interface {
	// Append takes a batch, which the caller may use again when Append returns, and runs done exactly once after the
	// batch is durable or refused, in order. An error instead means that done will not run.
	Append(ctx context.Context, producer uuid.UUID, epoch, seq uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error
	// LastSeq is what is held durably of a producer.
	LastSeq(producer uuid.UUID) (epoch, seq uint64)
}

// ReceiverOptions tune one stream.
type ReceiverOptions struct {
	Producer uuid.UUID // who may send: the identity of the connection's certificate
	Door     Door
	// Resolve turns a series into the number under which this node keeps it, or gives the reason why this sender may
	// not write it. It is asked again for a series that it refused, because a configuration may have changed.
	Resolve func(series uuid.UUID, t telemetry.Type) (telemetry.Ref, Reason)
	Packer  *Packer
	Window  int // bytes of batches under way that are not durable yet; default 1 MiB, at least that
	Logger  *slog.Logger

	OnBatch   func(epoch, seq uint64, rows int, r telemetry.Receipt) // durable; on the committer's goroutine, must not block
	OnRefused func(Refusal)                                          // on the receiver's goroutine or the committer's
}

// DefaultWindow is what a receiver allows to be under way on one stream, and the least that holds any message.
const DefaultWindow = 1 << 20

// Receive serves one sample stream until ctx or the channel ends. When it returns every batch that it handed to the
// door has been settled, so that the stream's successor sees the final LastSeq.
func Receive(ctx context.Context, ch *Channel, o ReceiverOptions) error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	open := reader{b: ch.Hello()}
	format := open.u8()
	var producer uuid.UUID
	copy(producer[:], open.take(16))
	if err := open.end(); err != nil || format != streamFormat {
		ch.Close(CodeProtocol, "the sample stream's opening cannot be read")
		return errors.Join(malformed("opening of a sample stream of format %d", format), err)
	}
	if producer != o.Producer {
		ch.Close(CodeIdentity, fmt.Sprintf("a stream of producer %s on the connection of %s", producer, o.Producer))
		return fmt.Errorf("%s asked to send as producer %s", o.Producer, producer)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &receiver{o: o, ch: ch, fail: cancel, changed: make(chan struct{}, 1)}
	r.epoch, r.last = o.Door.LastSeq(o.Producer)
	ch.Accept(max(o.Window, DefaultWindow), position{r.epoch, r.last}.append(nil))

	var answers sync.WaitGroup
	answers.Go(func() {
		if err := r.answerLoop(ctx); err != nil {
			cancel(err)
		}
	})
	err := r.serve(ctx)
	cancel(err)
	r.under.Wait()
	answers.Wait()
	err = context.Cause(ctx)
	var g *Goodbye
	if errors.As(err, &g) && !g.Far {
		ch.Close(g.Code, g.Text)
	} else if errors.Is(err, ErrMalformed) {
		ch.Close(CodeProtocol, err.Error())
	}
	return err
}

type receiver struct {
	o    ReceiverOptions
	ch   *Channel
	fail context.CancelCauseFunc

	codec  Codec
	batch  telemetry.Batch
	table  Table
	refs   []telemetry.Ref
	reason []Reason // per table entry; reasonUnasked until asked
	epoch  uint64   // of the last block
	last   uint64   // number of the last batch handed to the door

	under   sync.WaitGroup // batches handed over and not settled
	changed chan struct{}

	mu       sync.Mutex
	acked    Ack
	ackDirty bool
	release  int
	back     uint64 // the batch that was refused or asked for again: later ones are dropped until it comes; 0: none
	messages [][]byte
}

const reasonUnasked Reason = 255

func (r *receiver) serve(ctx context.Context) error {
	for {
		m, err := r.ch.Receive(ctx)
		if err != nil {
			return err
		}
		switch m.Data[0] {
		case streamTable:
			if r.table, err = ParseTable(m.Data[1:]); err != nil {
				return err
			}
			r.refs = make([]telemetry.Ref, len(r.table))
			r.reason = make([]Reason, len(r.table))
			for i := range r.reason {
				r.reason[i] = reasonUnasked
			}
			r.ch.Release(m.Cost())
		case streamBlock:
			if err := r.block(ctx, m); err != nil {
				return err
			}
		default:
			return malformed("stream message %d from the sender", m.Data[0])
		}
	}
}

// block hands the batches of one block to the door. The block's credit goes back when all of them are settled.
func (r *receiver) block(ctx context.Context, m Message) error {
	b, err := parseBlock(m.Data[1:], r.o.Packer)
	if err != nil {
		return err
	}
	left := len(b.Bodies)
	settle := func(n int) { // under r.mu
		if left -= n; left == 0 {
			r.release += m.Cost()
		}
	}
	for i, body := range b.Bodies {
		seq := b.First + uint64(i)
		if r.skip(b.Epoch, seq) {
			r.update(func() { settle(1) })
			continue
		}
		if f, ok := r.read(b.Epoch, seq, body); !ok {
			r.update(func() { r.refuseLocked(f); settle(1) })
			continue
		}
		rows := r.batch.Len()
		r.under.Add(1)
		err := r.o.Door.Append(ctx, r.o.Producer, b.Epoch, seq, &r.batch, func(receipt telemetry.Receipt, err error) {
			r.settled(b.Epoch, seq, rows, receipt, err, settle)
			r.under.Done()
		})
		if err != nil {
			r.settled(b.Epoch, seq, rows, telemetry.Receipt{}, err, settle)
			r.under.Done()
		}
	}
	return nil
}

// skip tells whether a batch is one of those that were under way when an earlier one was refused.
func (r *receiver) skip(epoch, seq uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.back == 0 || epoch != r.epoch && seq == 1 {
		r.epoch, r.back = epoch, 0
		return false
	}
	if seq == r.back {
		r.back = 0
		return false
	}
	return true
}

// read decodes a body into r.batch with this node's refs, or tells why the batch is refused.
func (r *receiver) read(epoch, seq uint64, body []byte) (Refusal, bool) {
	f := Refusal{Epoch: epoch, Seq: seq}
	if err := r.codec.Decode(body, r.table, &r.batch); err != nil {
		f.Whole = true
		f.Rows = []RefusedRow{{Reason: ReasonMalformed, Text: err.Error()}}
		return f, false
	}
	var named map[telemetry.Ref]bool
	for i, place := range r.batch.Ref {
		if r.reason[place] == 0 || named[place] || len(f.Rows) == maxRefusedRows {
			continue
		}
		e := r.table[place]
		if r.refs[place], r.reason[place] = r.o.Resolve(e.Series, e.Type); r.reason[place] == 0 {
			continue
		}
		if named == nil {
			named = map[telemetry.Ref]bool{}
		}
		named[place] = true
		f.Rows = append(f.Rows, RefusedRow{Row: uint32(i), Series: e.Series, Reason: r.reason[place]})
	}
	if len(f.Rows) > 0 {
		return f, false
	}
	for i, place := range r.batch.Ref {
		r.batch.Ref[i] = r.refs[place]
	}
	return f, true
}

// settled takes the door's answer; it runs on the committer's goroutine and only notes what is to be said.
func (r *receiver) settled(epoch, seq uint64, rows int, receipt telemetry.Receipt, err error, settle func(int)) {
	if err == nil {
		if r.o.OnBatch != nil {
			r.o.OnBatch(epoch, seq, rows, receipt)
		}
		r.update(func() {
			r.acked, r.ackDirty = Ack{Epoch: epoch, Seq: seq, Commit: receipt.Commit, Time: receipt.CommitTime}, true
			settle(1)
		})
		return
	}
	v := judge(err)
	r.update(func() {
		settle(1)
		switch {
		case v.refusal != nil:
			f := *v.refusal
			f.Epoch, f.Seq = epoch, seq
			r.refuseLocked(f)
		case v.gap:
			if r.back == 0 {
				r.back = v.want
				r.messages = append(r.messages, position{epoch, v.want - 1}.append([]byte{streamResume}))
			}
		default:
			r.fail(&Goodbye{Code: v.code, Text: err.Error()})
		}
	})
}

func (r *receiver) refuseLocked(f Refusal) {
	if r.back != 0 {
		return // came in the wake of an earlier refusal
	}
	r.back = f.Seq
	r.messages = append(r.messages, f.append(nil))
	if r.o.OnRefused != nil {
		r.o.OnRefused(f)
	}
}

func (r *receiver) update(f func()) {
	r.mu.Lock()
	f()
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// answerLoop tells the sender what changed: however many batches one fsync settled, they are one acknowledgement.
func (r *receiver) answerLoop(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.changed:
		}
		r.mu.Lock()
		messages, release := r.messages, r.release
		r.messages, r.release = nil, 0
		if r.ackDirty { // before a refusal: what came before the refused batch is settled
			messages = append([][]byte{r.acked.append(nil)}, messages...)
			r.ackDirty = false
		}
		r.mu.Unlock()
		r.ch.Release(release)
		for _, m := range messages {
			if err := r.ch.Send(ctx, m); err != nil {
				return err
			}
		}
	}
}
