package registry

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/registry/index"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/store"
)

// Options build a Service. All but Book, Blobs, Jobs, Industry and Logger are required.
type Options struct {
	DB       *store.DB
	FS       file.FS
	Dir      string                                   // of the index
	Node     uuid.UUID                                // of this node, the subject of its leaves
	Home     func(context.Context) (uuid.UUID, error) // the organisation that runs the node
	Book     *group.Book                              // puts commits into the evidence log; nil: nothing is proved
	Blobs    *blob.Store                              // for the files of bulk registration
	Jobs     func() *job.Runner                       // runs bulk registration
	Industry func(code string) bool                   // whether two digits are a division of GB/T 4754; nil: by its form alone
	Now      func() time.Time
	Logger   *slog.Logger
}

// Service is what this node holds. It is a server.Holdings.
type Service struct {
	o          Options
	log        *slog.Logger
	index      *index.Index
	statements *statements
	words      words
	prefixes   known
	templates  templates

	ready   atomic.Int64 // not 0: the index holds everything, for the so manieth time; 0: SQL is asked
	times   atomic.Int64
	blind   atomic.Bool // neither does SQL answer
	rebuild chan struct{}

	queue *queue

	// Owned by whoever commits.
	last    commitRow // the newest
	serial  int64     // of the newest version
	authors map[IdentifierAuthor]int64
	number  int64 // of the newest prefix
}

// catchUpAtOnce is how many versions an index may lack so that Open waits for them; with more SQL answers meanwhile.
const catchUpAtOnce = 100_000

// New brings the tables up to date, opens the index and brings it up to the newest commit.
func New(ctx context.Context, o Options) (_ *Service, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := store.MigrateRoom(ctx, o.DB, "identify_registry", migrations); err != nil {
		return nil, err
	}
	s := &Service{o: o, log: o.Logger, rebuild: make(chan struct{}, 1), queue: newQueue(), authors: map[IdentifierAuthor]int64{}}
	if s.words, err = openWords(ctx, o.DB); err != nil {
		return nil, err
	}
	if s.statements, err = prepare(ctx, o.DB, s.words); err != nil {
		return nil, err
	}
	s.index, err = index.Open(index.Options{FS: o.FS, Dir: filepath.Clean(o.Dir), Logger: o.Logger, Damaged: func(error) { s.distrust() }})
	if err == nil {
		err = s.load(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close takes nothing more, waits for what is being committed, writes the index and lets go of the statements. Run has returned before.
func (s *Service) Close() error {
	s.queue.close()
	var err error
	if s.index != nil {
		err = s.index.Close()
	}
	return errors.Join(err, s.statements.close())
}

// load reads what is kept in memory, and gives the index what it lacks.
func (s *Service) load(ctx context.Context) error {
	db := s.o.DB
	err := db.NewSelect().Model(&s.last).OrderExpr("number DESC").Limit(1).Scan(ctx)
	if err := store.Err(err); err != nil && !errors.Is(err, store.ErrNotFound) {
		return wrap("read the newest commit", err)
	}
	if s.serial = s.last.First + s.last.Versions - 1; s.last.Number == 0 {
		s.serial = 0
	}
	var authors []authorRow
	if err := db.NewSelect().Model(&authors).Scan(ctx); err != nil {
		return wrap("read authors", err)
	}
	for _, a := range authors {
		s.authors[IdentifierAuthor{a.Kind, a.ID, a.Name, a.Via}] = a.Number
	}
	if err := s.loadTemplates(ctx); err != nil {
		return err
	}
	through, err := s.known(ctx)
	if err != nil {
		return err
	}
	if s.serial-through <= catchUpAtOnce {
		if err := s.catchUp(ctx); err != nil {
			return err
		}
		s.trust()
	} else {
		s.log.Info("the identifier index is filled again; records are read from SQL until it is", "versions", s.serial-through)
		s.distrust()
	}
	return s.loadPrefixes(ctx)
}

func (s *Service) loadPrefixes(ctx context.Context) error {
	var rows []prefixRow
	if err := s.o.DB.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return wrap("read prefixes", err)
	}
	for i := range rows {
		p := rows[i].prefix()
		s.number = max(s.number, p.Number)
		record, _, err := s.current(ctx, prefixKey(p.Prefix))
		if err != nil {
			return err
		}
		s.prefixes.put(p, record)
	}
	return nil
}

// trust makes the index answer.
func (s *Service) trust() {
	s.blind.Store(false)
	s.ready.Store(s.times.Add(1))
}

// distrust makes SQL answer, until the index has been filled again.
func (s *Service) distrust() {
	s.ready.Store(0)
	select {
	case s.rebuild <- struct{}{}:
	default:
	}
}

// known is the serial through which the index holds everything. An index of other records is thrown away.
func (s *Service) known(ctx context.Context) (int64, error) {
	m := s.index.Through()
	if m.Commit == 0 {
		return 0, nil
	}
	var c commitRow
	err := store.Err(s.o.DB.NewSelect().Model(&c).Where("number = ?", m.Commit).Scan(ctx))
	if err == nil && string(c.Chain) == string(m.Hash[:]) {
		return c.First + c.Versions - 1, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return 0, wrap("find the commit of the index", err)
	}
	s.log.Warn("the identifier index is of other records and is filled again", "commit", m.Commit)
	return 0, s.index.Reset(ctx)
}

// commitsAtOnce and versionsAtOnce bound what the index is given at once.
const (
	commitsAtOnce  = 5000
	versionsAtOnce = 20_000
)

// catchUp gives the index what was committed and it does not hold.
func (s *Service) catchUp(ctx context.Context) error {
	after, err := s.known(ctx)
	if err != nil {
		return err
	}
	for {
		var commits []commitRow
		if err := s.o.DB.NewSelect().Model(&commits).Where("number > ?", s.index.Through().Commit).OrderExpr("number").Limit(commitsAtOnce).Scan(ctx); err != nil {
			return wrap("list commits", err)
		}
		n, sum := 0, int64(0)
		for n < len(commits) && (n == 0 || sum+commits[n].Versions <= versionsAtOnce) {
			sum += commits[n].Versions
			n++
		}
		if n == 0 {
			return nil
		}
		through := commits[n-1].First + commits[n-1].Versions - 1
		// What no longer holds was followed by another version, which comes later; but a deletion ends what came before.
		rows, err := s.o.DB.DB.DB.QueryContext(ctx, "SELECT name, record FROM identify_version WHERE serial > "+mark(s.o.DB.Engine(), 1)+" AND serial <= "+mark(s.o.DB.Engine(), 2)+
			" AND (until = 9223372036854775807 OR operation = 'delete') ORDER BY serial", after, through)
		if err != nil {
			return wrap("read versions", err)
		}
		var list []index.Change
		for rows.Next() {
			var c index.Change
			if err := rows.Scan(&c.Name, &c.Record); err != nil {
				return errors.Join(wrap("read versions", err), rows.Close())
			}
			if len(c.Record) == 0 {
				c.Record = nil
			}
			list = append(list, c)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return wrap("read versions", err)
		}
		if err := s.index.Apply(ctx, list, commits[n-1].mark()); err != nil {
			return err
		}
		after = through
	}
}

func (c *commitRow) mark() index.Mark { return index.Mark{Commit: c.Number, Hash: [32]byte(c.Chain)} }

// scrubEvery is how often the whole index is read for damage.
const scrubEvery = 24 * time.Hour

// Run does what nobody waits for, until ctx ends: it fills the index again when it must, and looks for damage.
func (s *Service) Run(ctx context.Context) error {
	scrub := time.NewTicker(scrubEvery)
	defer scrub.Stop()
	again := time.NewTicker(10 * time.Second)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
			s.refill(ctx)
		case <-s.rebuild:
			s.refill(ctx)
		case <-scrub.C:
			if s.index.Check(ctx) != nil {
				s.distrust()
			}
		}
	}
}

func (s *Service) refill(ctx context.Context) {
	if s.ready.Load() != 0 {
		return
	}
	began := time.Now()
	err := error(nil)
	if s.index.Damaged() {
		err = s.alone(ctx, s.index.Reset) // nothing is applied meanwhile
	}
	if err == nil {
		err = s.catchUp(ctx)
	}
	if err == nil { // what came meanwhile, while nothing comes
		err = s.alone(ctx, func(ctx context.Context) error {
			err := s.catchUp(ctx)
			if err == nil {
				s.trust()
			}
			return err
		})
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("the identifier index could not be filled; it is tried again", "error", err)
		return
	}
	s.log.Info("the identifier index holds everything", "took", time.Since(began), "entries", s.index.Stats().Entries)
}

// indexed asks the index; sure is false where SQL must be asked. The index may be thrown away while it is asked: then its answer does not
// count.
func (s *Service) indexed(dst, key []byte) (out []byte, ok, sure bool) {
	before := s.ready.Load()
	if before == 0 {
		return dst, false, false
	}
	out, ok, err := s.index.Append(dst, key)
	if err != nil {
		s.distrust()
		return dst, false, false
	}
	if !ok && s.ready.Load() != before {
		return dst, false, false
	}
	return out, ok, true
}

// current is the record held under a key; nil where there is none.
func (s *Service) current(ctx context.Context, key []byte) (record []byte, serial int64, err error) {
	if record, ok, sure := s.indexed(nil, key); sure {
		if !ok {
			record = nil
		}
		return record, 0, nil
	}
	var operation string
	err = s.statements.find.QueryRowContext(ctx, key).Scan(&serial, &operation, &record)
	if err := store.Err(err); errors.Is(err, store.ErrNotFound) {
		return nil, 0, nil
	} else if err != nil {
		return nil, 0, wrap("read a record", err)
	}
	if len(record) == 0 {
		return nil, serial, nil
	}
	return record, serial, nil
}
