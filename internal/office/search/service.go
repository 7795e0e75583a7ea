package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
)

// Source is a room, or a part of one, whose things are searched. It decides who may see what: what it puts into a Document.
type Source interface {
	// Kind names what it tells of: entry, case, fact, measure.
	Kind() string
	// Changes tells what changed after a mark, in the order of the source's marks, and the mark after it; "" is the beginning. It may
	// tell again what it told. Fewer than limit means that there is no more now.
	Changes(ctx context.Context, mark string, limit int) (list []Stamp, next string, err error)
	// Rewind sets a mark back by as long as a writer may take between its time and its commit.
	Rewind(mark string) string
	// Documents reads things as they stand. What is not there any more, or is not to be found, is left out.
	Documents(ctx context.Context, ids []uuid.UUID) ([]Document, error)
	// Stamps tells at which revisions things are now; what is gone is left out.
	Stamps(ctx context.Context, ids []uuid.UUID) ([]Stamp, error)
}

// Options build a Service. Sources and Now are required.
type Options struct {
	Sources  []Source
	Words    []string // of the trades: names that queries are cut at
	Now      func() time.Time
	Every    time.Duration // how often Run asks the sources; default 1 s
	MaxBytes int64         // of memory that the index takes, about; twice that while it is rebuilt. What comes then is not found. Default 1 GB
	Logger   *slog.Logger
}

const defaultMaxBytes = 1e9

// Service finds things.
type Service struct {
	Work Work

	o     Options
	words *dictionary
	index atomic.Pointer[index]
	ready atomic.Bool // all that there was at the start is in

	mu    sync.Mutex // of what follows the sources
	marks []string
	turn  int
}

// New builds an empty index; Run or CatchUp fill it.
func New(o Options) *Service {
	if o.Every <= 0 {
		o.Every = time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{o: o, words: newDictionary(o.Words), marks: make([]string, len(o.Sources))}
	s.index.Store(newIndex(s.kinds(), o.MaxBytes))
	return s
}

func (s *Service) kinds() (out []string) {
	for _, src := range s.o.Sources {
		out = append(out, src.Kind())
	}
	return out
}

// atOnce is how many things are read from a source in one go.
const atOnce = 500

// How many rounds of Run lie between two that look back, and between two that look over everything: those find what a writer committed
// later than sources look back. Only what the index has not got at its revision is read.
const (
	rewindEvery = 15
	wholeEvery  = 3600
)

// Run follows the sources until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	look := time.NewTicker(s.o.Every)
	defer look.Stop()
	for {
		if err := s.CatchUp(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("search could not follow; it tries again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

// CatchUp takes in what has changed since the last time.
func (s *Service) CatchUp(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn++
	x := s.index.Load()
	full := x.full()
	from := onward
	switch {
	case s.turn%wholeEvery == 0:
		x.retry()
		from = anew
	case s.turn%rewindEvery == 0:
		from = Source.Rewind
	}
	marks, err := s.follow(ctx, x, s.marks, from, nil)
	s.marks = marks
	if err == nil {
		s.ready.Store(true)
	}
	if !full && x.full() {
		s.o.Logger.Warn("the index of the search is full; what comes now is not found", "bytes", s.o.MaxBytes)
	}
	return err
}

func onward(_ Source, mark string) string { return mark }

func anew(Source, string) string { return "" }

// follow reads the sources into an index, from the marks on or from what is made of these.
func (s *Service) follow(ctx context.Context, x *index, marks []string, from func(Source, string) string, progress func(done int) error) (reached []string, err error) {
	reached = slices.Clone(marks)
	done := 0
	var failed error
	for k, src := range s.o.Sources {
		at := from(src, reached[k])
		for {
			list, next, err := src.Changes(ctx, at, atOnce)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("what changed among %s: %w", src.Kind(), err))
				break
			}
			if err := s.take(ctx, x, k, list); err != nil {
				failed = errors.Join(failed, err)
				break
			}
			if next != "" {
				at, reached[k] = next, next
			}
			if done += len(list); progress != nil {
				if err := progress(done); err != nil {
					return reached, err
				}
			}
			if len(list) < atOnce {
				break
			}
		}
	}
	return reached, failed
}

// take brings things of a source into an index, those that it does not have at their revision.
func (s *Service) take(ctx context.Context, x *index, kind int, list []Stamp) error {
	var ids []uuid.UUID
	x.mu.RLock()
	for _, st := range list {
		if x.revision(kind, st.ID) != st.Revision && !slices.Contains(ids, st.ID) {
			ids = append(ids, st.ID)
		}
	}
	x.mu.RUnlock()
	if len(ids) == 0 {
		return nil
	}
	_, err := s.read(ctx, x, kind, ids)
	return err
}

// read reads things anew.
func (s *Service) read(ctx context.Context, x *index, kind int, ids []uuid.UUID) ([]Document, error) {
	docs, err := s.o.Sources[kind].Documents(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read %s for the index: %w", s.o.Sources[kind].Kind(), err)
	}
	there := map[uuid.UUID]bool{}
	list := make([]prepared, 0, len(docs))
	for i := range docs {
		there[docs[i].ID] = true
		list = append(list, prepare(kind, &docs[i]))
	}
	x.put(list)
	if gone := slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return there[id] }); len(gone) > 0 {
		x.remove(kind, gone)
	}
	return docs, nil
}

// Rebuild makes the index anew from what the rooms hold, beside the one that serves meanwhile. progress is told how many things have
// been read; its error ends the work.
func (s *Service) Rebuild(ctx context.Context, progress func(done int) error) (documents int, err error) {
	x := newIndex(s.kinds(), s.o.MaxBytes)
	marks, err := s.follow(ctx, x, make([]string, len(s.o.Sources)), onward, progress)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.Store(x)
	s.marks = marks
	return x.size(), nil
}

// Documents is how many things can be found, and whether all that there was at the start is among them, and nothing was left out since
// for want of room (Options.MaxBytes).
func (s *Service) Documents() (n int, complete bool) {
	x := s.index.Load()
	return x.size(), s.ready.Load() && !x.full()
}

// Bounds of a query.
const (
	defaultLimit = 20
	MaxLimit     = 100
)

// Find answers somebody who is signed in. Errors: auth.ErrUnauthenticated, store.ErrCursor.
func (s *Service) Find(ctx context.Context, q Query) (*Found, error) {
	c, err := callerOf(ctx, s.o.Now().UnixNano())
	if err != nil {
		return nil, err
	}
	return s.find(ctx, &c, q)
}

// FindPublic answers anybody: what is public. Error: store.ErrCursor.
func (s *Service) FindPublic(ctx context.Context, q Query) (*Found, error) {
	return s.find(ctx, &caller{now: s.o.Now().UnixNano()}, q)
}

func (s *Service) find(ctx context.Context, c *caller, q Query) (*Found, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, MaxLimit)
	var after *found
	if q.Cursor != "" {
		at, ok := cursorOf(q.Cursor)
		if !ok {
			return nil, store.ErrCursor
		}
		after = &at
	}
	words := s.words.pieces(q.Words, q.Typing)
	x := s.index.Load()
	x.mu.RLock()
	on := x.search(c)
	list, total, facets, relaxed := on.run(&q, words, after)
	out := &Found{Total: total, Facets: facets, Relaxed: relaxed, Hits: []Hit{}}
	if len(list) > q.Limit {
		list = list[:q.Limit]
		out.Next = list[q.Limit-1].cursor()
	}
	kinds, docs := make([]int, len(list)), make([]*Document, len(list))
	for i := range list {
		e := &x.entries[list[i].doc]
		kinds[i], docs[i] = e.kind, e.doc
	}
	x.mu.RUnlock()
	docs, err := s.current(ctx, x, kinds, docs)
	if err != nil {
		return nil, err
	}
	for i, d := range docs {
		if d == nil {
			continue
		}
		if level := c.sees(c.level(d.Sights), d); level != hidden {
			out.Hits = append(out.Hits, show(x.kinds[kinds[i]], d, level, words))
		}
	}
	return out, nil
}

// current compares documents with what the rooms hold now, and reads anew what has changed since it was indexed; nil for what is gone.
// So nothing is shown that the caller may not see any more, however far behind the index is.
func (s *Service) current(ctx context.Context, x *index, kinds []int, docs []*Document) ([]*Document, error) {
	for k, src := range s.o.Sources {
		var ids []uuid.UUID
		for i := range docs {
			if kinds[i] == k {
				ids = append(ids, docs[i].ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		stamps, err := src.Stamps(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("compare hits with %s: %w", src.Kind(), err)
		}
		now := map[uuid.UUID]int64{}
		for _, st := range stamps {
			now[st.ID] = st.Revision
		}
		var stale []uuid.UUID
		for i := range docs {
			if kinds[i] == k && now[docs[i].ID] != docs[i].Revision {
				stale = append(stale, docs[i].ID)
			}
		}
		if len(stale) == 0 {
			continue
		}
		fresh, err := s.read(ctx, x, k, stale)
		if err != nil {
			return nil, err
		}
		for i := range docs {
			if kinds[i] != k || !slices.Contains(stale, docs[i].ID) {
				continue
			}
			id := docs[i].ID
			docs[i] = nil
			for j := range fresh {
				if fresh[j].ID == id {
					docs[i] = &fresh[j]
				}
			}
		}
	}
	return docs, nil
}
