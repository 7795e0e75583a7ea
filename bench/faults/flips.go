package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/telemetry"
)

// FlipSum is what became of single bits flipped in one kind of file.
type FlipSum struct {
	Flips    int `json:"flips"`
	AtOpen   int `json:"detectedAtOpen"`
	AtRead   int `json:"detectedAtRead"`
	Verified int `json:"detectedByVerify,omitempty"` // by verifying alone: it bears on nothing that is read
	Harmless int `json:"harmless"`                   // padding, or what is no longer needed: all was read as it was written
	Wrong    int `json:"wrongServed"`
	Unnamed  int `json:"unnamed"`    // detected, and what was said does not name the file
	Lost     int `json:"lostUntold"` // flips after which acknowledged samples are missing and nothing says so
	// Newest are flips in the newest group of a journal, which is then taken for a write that a crash cut short: what it
	// held is missing, as if it had never been acknowledged.
	Newest int `json:"lostNewestGroup"`
	Spread int `json:"spread"` // flips of a block that made something unreadable which is not in it
	// Confined are the samples that could not be read any more, as was said: all of the damaged block.
	Confined int      `json:"samplesConfined"`
	First    []string `json:"first,omitempty"`
}

func (s *FlipSum) note(text string) {
	if text != "" && len(s.First) < 10 {
		s.First = append(s.First, text)
	}
}

func (s *FlipSum) add(o FlipSum) {
	s.Flips += o.Flips
	s.AtOpen += o.AtOpen
	s.AtRead += o.AtRead
	s.Verified += o.Verified
	s.Harmless += o.Harmless
	s.Wrong += o.Wrong
	s.Unnamed += o.Unnamed
	s.Lost += o.Lost
	s.Newest += o.Newest
	s.Spread += o.Spread
	s.Confined += o.Confined
	for _, f := range o.First {
		s.note(f)
	}
}

// The shares of the kinds in all flips, in twentieths. Most of those in a journal strike what it holds, the others any of
// its bytes: much of it is empty yet.
var shares = []struct {
	kind string
	n    int
}{{segmentFile, 6}, {blockFile, 7}, {manifestFile, 2}, {tileFile, 2}, {checkpointFile, 1}, {pendingFile, 2}}

// flips flips n bits, one at a time, and each time opens and reads everything.
func flips(ctx context.Context, seed uint64, n int, progress func(string, ...any)) (map[string]FlipSum, error) {
	im, err := take(ctx, seed, 60)
	if err != nil {
		return nil, err
	}
	var kinds []string
	for _, s := range shares {
		for range s.n {
			kinds = append(kinds, s.kind)
		}
	}
	sums := map[string]FlipSum{}
	next := make(chan int)
	var mu sync.Mutex
	var failed error
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for i := range next {
				kind := kinds[i%len(kinds)]
				one, err := im.flip(ctx, seed, i, kind)
				mu.Lock()
				if err != nil && failed == nil {
					failed = fmt.Errorf("flip %d of seed %d: %w", i, seed, err)
				}
				sum := sums[kind]
				sum.add(one)
				sums[kind] = sum
				mu.Unlock()
			}
		})
	}
	for i := range n {
		mu.Lock()
		stop := failed != nil || ctx.Err() != nil
		mu.Unlock()
		if stop {
			break
		}
		next <- i
		if (i+1)%2000 == 0 {
			progress("%d bits flipped", i+1)
		}
	}
	close(next)
	work.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	return sums, failed
}

// flip flips one bit, which seed and i choose.
func (im *image) flip(ctx context.Context, seed uint64, i int, kind string) (FlipSum, error) {
	rng := rand.New(rand.NewPCG(seed, uint64(i)))
	names := im.kinds[kind]
	name := names[rng.IntN(len(names))]
	size := int64(len(im.files[name]))
	if (kind == segmentFile || kind == pendingFile) && rng.IntN(4) > 0 {
		size = max(used(im.files[name]), 1)
	}
	off, bit := rng.Int64N(size), uint(rng.IntN(8))
	disk, err := im.restore(seed+uint64(i), name, off, bit)
	if err != nil {
		return FlipSum{}, err
	}
	f := &flipped{image: im, node: newNode(disk), name: name, at: fmt.Sprintf("bit %d of byte %d of %s", bit, off, name)}
	f.sum.Flips = 1
	defer f.node.close() // a second close of what was opened in part; its error says nothing about the bit
	switch kind {
	case tileFile, checkpointFile, pendingFile:
		err = f.inEvidence(ctx)
	default:
		f.inTelemetry(ctx)
	}
	return f.sum, err
}

// flipped is one image with one bit flipped.
type flipped struct {
	*image
	node *node
	name string // of the damaged file
	at   string
	sum  FlipSum
}

// named notes whether an error, or a condition, names the file.
func (f *flipped) named(err error) {
	base := filepath.Base(f.name)
	if f.node.told(base) {
		return
	}
	if rest, ok := strings.CutPrefix(f.name, evidenceDir+"/"); ok && strings.Contains(err.Error(), rest) {
		return
	}
	if strings.Contains(err.Error(), base) {
		return
	}
	f.sum.Unnamed++
	f.sum.note(f.at + ": not named by: " + err.Error())
}

// missing notes a flip after which something is missing and nothing was said.
func (f *flipped) missing(v verdict) {
	if !v.older {
		f.sum.Newest++
		return
	}
	f.sum.Lost++
	f.sum.note(f.at + ": " + v.first)
}

func (f *flipped) inTelemetry(ctx context.Context) {
	if err := f.node.openStore(ctx); err != nil {
		f.sum.AtOpen++
		f.named(err)
		return
	}
	said := len(f.node.troubles) > 0
	var v verdict
	var failed error
	spread := false
	for series := range types {
		history, err := f.node.raw(ctx, series, always, true)
		if err == nil {
			got := f.book.history(series, always, history)
			if current, err := f.node.raw(ctx, series, always, false); err != nil {
				failed = errors.Join(failed, err)
			} else {
				got.add(f.book.current(series, history, current))
			}
			v.add(got)
			continue
		}
		failed = errors.Join(failed, err)
		span, inBlock := telemetry.Span{}, false
		if spans := f.spans[f.name]; spans != nil {
			span, inBlock = spans[series], spans[series] != telemetry.Span{}
		}
		if !inBlock {
			spread = true
			f.sum.note(fmt.Sprintf("%s: series %d is not in it and fails: %v", f.at, series, err))
			continue
		}
		for k, e := range f.book.entries {
			if k.series == series && e.acked && !e.old && k.time >= span.From && k.time < span.To {
				f.sum.Confined++
			}
		}
		for _, rest := range []telemetry.Span{{From: 0, To: span.From}, {From: span.To, To: telemetry.MaxTime}} {
			got, err := f.node.raw(ctx, series, rest, true)
			if err != nil {
				spread = true
				f.sum.note(fmt.Sprintf("%s: series %d outside of its span fails: %v", f.at, series, err))
				continue
			}
			v.add(f.book.history(series, rest, got))
		}
	}
	if spread {
		f.sum.Spread++
	}
	if v.wrong > 0 {
		f.sum.Wrong++
		f.sum.note(f.at + ": " + v.first)
	}
	switch {
	case failed != nil:
		f.sum.AtRead++
		f.named(failed)
	case said:
		f.sum.AtOpen++
		f.named(errors.New("conditions: " + strings.Join(f.node.troubles, ", ")))
	case v.lost > 0:
		f.missing(v)
	case v.wrong == 0:
		f.sum.Harmless++
	}
}

// inEvidence opens the log, reads every entry and has the whole verified, before opening (which may cut a tail) and after.
func (f *flipped) inEvidence(ctx context.Context) error {
	signers, err := keys()
	if err != nil {
		return err
	}
	o := evidence.VerifyOptions{FS: f.node.fs, Dir: evidenceDir, Origin: origin}
	for _, s := range signers {
		o.Keys = append(o.Keys, s.Verifier())
	}
	before, err := evidence.Verify(ctx, o)
	if err != nil {
		return err
	}
	if err := f.node.openEvidence(); err != nil {
		f.sum.AtOpen++
		f.named(err)
		return nil
	}
	v, err := f.node.judgeEvidence(f.book)
	if v.wrong > 0 {
		f.sum.Wrong++
		f.sum.note(f.at + ": " + v.first)
	}
	switch {
	case err != nil:
		f.sum.AtRead++
		f.named(err)
	case len(before.Problems) > 0:
		f.sum.Verified++
		f.named(errors.New(before.Problems[0].String()))
	case v.lost > 0:
		f.missing(v)
	case v.wrong == 0:
		f.sum.Harmless++
	}
	return nil
}
