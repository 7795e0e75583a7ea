package fact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Options build a Service. All but Logger are required.
type Options struct {
	DB     *store.DB
	Blobs  *blob.Store // for documents
	Packs  fs.FS       // kinds are the packs in its folder Dir
	Now    func() time.Time
	Logger *slog.Logger
}

// Service is what can be done with facts.
type Service struct {
	o     Options
	kinds *Kinds
}

// New brings the tables up to date and reads the packs. Error: pack.Faults among others.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	kinds, err := LoadKinds(o.Packs)
	if err != nil {
		return nil, fmt.Errorf("kinds of facts: %w", err)
	}
	if err := store.MigrateRoom(ctx, o.DB, "fact", migrations); err != nil {
		return nil, err
	}
	return &Service{o: o, kinds: kinds}, nil
}

// Kinds are the kinds of facts that this node has.
func (s *Service) Kinds() *Kinds { return s.kinds }

func (s *Service) kind(id, at string) (*Kind, error) {
	k := s.kinds.Get(id)
	if k == nil {
		var ids []string
		for _, k := range s.kinds.All() {
			ids = append(ids, k.ID)
		}
		return nil, ErrKind.At(at, id).With("kinds", strings.Join(ids, ", "))
	}
	return k, nil
}

// Input is a fact to be written down.
type Input struct {
	Org       uuid.UUID
	Kind      string
	Key       Key
	Content   []byte // JSON
	Documents []blob.ID
	Grade     Grade
	Evidence  Evidence
}

// Record writes a fact down. Where its key is there already with the same content, that one is returned and created is false; with
// other content the error is ErrDiffers.
func (s *Service) Record(ctx context.Context, in Input) (f Fact, created bool, err error) {
	verb := auth.Operate
	if in.Grade > Declared {
		verb = auth.Configure
	}
	scope, err := auth.Allow(ctx, verb, in.Org)
	if err != nil {
		return Fact{}, false, err
	}
	return s.RecordFor(ctx, scope, in)
}

// RecordFor is Record under a scope: for rooms that have asked for it, or that do the node's own work.
func (s *Service) RecordFor(ctx context.Context, scope auth.Scope, in Input) (f Fact, created bool, err error) {
	k, err := s.kind(in.Kind, "body.kind")
	if err != nil {
		return Fact{}, false, err
	}
	bad := in.Key.check("body.")
	record, faults := k.Fields.Read(in.Content)
	if bad = append(bad, told("body.content.", faults)...); len(bad) > 0 {
		return Fact{}, false, problem.All(bad...)
	}
	documents, err := s.handedIn(ctx, scope, in.Documents)
	if err != nil {
		return Fact{}, false, err
	}
	if wrong := judge(Declared, in.Grade, in.Evidence, documents); wrong != nil {
		return Fact{}, false, wrong
	}
	now := s.o.Now()
	e := scope.Act(ctx, now, "fact.add", audit.Object{}, nil, nil)
	f = Fact{ID: uuid.Must(uuid.NewV7()), Revision: 1, RevisionID: uuid.Must(uuid.NewV7()), Org: in.Org, Kind: k.ID, KindVersion: k.Version, Source: in.Key.Source, External: in.Key.External,
		Record: record, Documents: documents, Grade: in.Grade, Evidence: in.Evidence, By: e.Actor}
	var wrong *problem.Error
	if f.Since, f.Until, wrong = k.span(record); wrong != nil {
		return Fact{}, false, wrong
	}
	if err := f.write(); err != nil {
		return Fact{}, false, err
	}
	e.Object = audit.Object{Kind: "fact", ID: f.ID.String(), Name: f.Kind + " " + f.External}
	e.After = audit.State(map[string]any{"revision": f.Revision, "grade": f.Grade.String(), "digest": f.digest, "source": f.Source})
	var there *Fact
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		there = nil
		known, err := s.byKeys(ctx, tx, scope, f.Org, f.Kind, f.Source, []string{f.External})
		if err != nil {
			return err
		}
		if old, ok := known[f.External]; ok {
			there = &old
			return same(&old, &f)
		}
		if err := s.commit(ctx, tx, []*Fact{&f}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, e)
	})
	if err != nil {
		return Fact{}, false, err
	}
	if there != nil {
		return *there, false, nil
	}
	return f, true, nil
}

// same tells what stands in the way of taking a fact for one that is there.
func same(old, f *Fact) error {
	switch {
	case old.Withdrawn:
		return ErrWithdrawn.At("body.externalId", f.External).With("revision", old.Revision)
	case old.digest != f.digest:
		return ErrDiffers.At("body.externalId", f.External).With("id", old.ID).With("revision", old.Revision).With("fields", differences(old, f))
	}
	return nil
}

func differences(old, f *Fact) string {
	keys := field.Differences(old.Record, f.Record)
	if old.documents != f.documents {
		keys = append(keys, "documents")
	}
	if old.Grade != f.Grade {
		keys = append(keys, "grade")
	}
	if old.evidence != f.evidence {
		keys = append(keys, "evidence")
	}
	return strings.Join(keys, ", ")
}

// Change is a further revision. What is nil stays.
type Change struct {
	Basis     int64  // the revision that was seen
	Content   []byte // JSON
	Documents *[]blob.ID
	Grade     *Grade
	Evidence  *Evidence
	Reason    string
}

// Revise writes a further revision. Content that changes under a grade above E0 needs evidence anew, as a grade that rises does.
// Errors: ErrChanged (another was faster), ErrWithdrawn, ErrSame, ErrReason, ErrEvidence and those of Record.
func (s *Service) Revise(ctx context.Context, id uuid.UUID, c Change) (Fact, error) {
	if wrong := checkReason(c.Reason); wrong != nil {
		return Fact{}, wrong
	}
	return s.further(ctx, id, c.Basis, "fact.revise", func(scope auth.Scope, old *Fact) (Fact, error) {
		k, err := s.kind(old.Kind, "path.id")
		if err != nil {
			return Fact{}, err
		}
		f := *old
		if c.Content != nil {
			record, faults := k.Fields.Read(c.Content)
			if len(faults) > 0 {
				return Fact{}, problem.All(told("body.content.", faults)...)
			}
			f.Record = record
		}
		if c.Documents != nil {
			if f.Documents, err = s.handedIn(ctx, scope, *c.Documents); err != nil {
				return Fact{}, err
			}
		}
		if c.Grade != nil {
			f.Grade = *c.Grade
		}
		if c.Evidence != nil {
			f.Evidence = *c.Evidence
		} else if f.Grade != old.Grade {
			f.Evidence = Evidence{}
		}
		f.Reason, f.KindVersion = c.Reason, k.Version
		return f, s.settle(k, old, &f)
	})
}

// settle finishes a further revision of a fact: its grade, its span, its canonical words.
func (s *Service) settle(k *Kind, old, f *Fact) error {
	before := old.Grade
	changed := len(field.Differences(old.Record, f.Record)) > 0
	if changed { // what was proved is not what is said now
		before = Declared
		if f.Evidence == old.Evidence && f.Grade > Declared {
			return ErrEvidence.At("body.evidence", "").With("grade", f.Grade).With("need", needOf(f.Grade))
		}
	}
	if wrong := judge(before, f.Grade, f.Evidence, f.Documents); wrong != nil {
		return wrong
	}
	var wrong *problem.Error
	if f.Since, f.Until, wrong = k.span(f.Record); wrong != nil {
		return wrong
	}
	if err := f.write(); err != nil {
		return err
	}
	if f.digest == old.digest && !f.Withdrawn {
		return ErrSame.At("body", "")
	}
	return nil
}

func needOf(g Grade) any {
	switch g {
	case Checked:
		return needParty
	case Measured:
		return needMeasure
	}
	return needDocument
}

// Withdraw says that a fact does not hold, and never did. What was said stays readable as of its time.
func (s *Service) Withdraw(ctx context.Context, id uuid.UUID, basis int64, reason string) (Fact, error) {
	if wrong := checkReason(reason); wrong != nil {
		return Fact{}, wrong
	}
	return s.further(ctx, id, basis, "fact.withdraw", func(_ auth.Scope, old *Fact) (Fact, error) {
		f := *old
		f.Withdrawn, f.Reason = true, reason
		return f, f.write()
	})
}

// further writes the revision that next makes of the newest one.
func (s *Service) further(ctx context.Context, id uuid.UUID, basis int64, verb string, next func(auth.Scope, *Fact) (Fact, error)) (Fact, error) {
	seen, err := s.Get(ctx, id, time.Time{})
	if err != nil {
		return Fact{}, err
	}
	scope, err := auth.Allow(ctx, auth.Configure, seen.Org)
	if err != nil {
		return Fact{}, err
	}
	var f Fact
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var r revisionRow
		if err := scope.Where(tx.NewSelect().Model(&r).Where("r.fact = ? AND r.superseded = ?", id, int64(newest)), "r.org").Scan(ctx); err != nil {
			return wrap("fact "+id.String(), err)
		}
		old, err := s.fact(&r)
		if err != nil {
			return err
		}
		switch {
		case old.Withdrawn:
			return ErrWithdrawn.At("path.id", id.String()).With("revision", old.Revision)
		case old.Revision != basis:
			return ErrChanged.At("body.basis", basis).With("revision", old.Revision)
		}
		if f, err = next(scope, &old); err != nil {
			return err
		}
		e := scope.Act(ctx, s.o.Now(), verb, audit.Object{Kind: "fact", ID: id.String(), Name: f.Kind + " " + f.External},
			map[string]any{"revision": old.Revision, "grade": old.Grade.String(), "digest": old.digest},
			map[string]any{"revision": old.Revision + 1, "grade": f.Grade.String(), "digest": f.digest, "fields": differences(&old, &f)})
		e.Reason = f.Reason
		f.RevisionID, f.Revision, f.By = uuid.Must(uuid.NewV7()), old.Revision+1, e.Actor
		if err := f.write(); err != nil {
			return err
		}
		if err := s.commit(ctx, tx, []*Fact{&f}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, e)
	})
	return f, err
}

// handedIn finds documents that an organisation has handed in, in the order in which they are named.
func (s *Service) handedIn(ctx context.Context, scope auth.Scope, ids []blob.ID) ([]Document, error) {
	if len(ids) == 0 {
		return []Document{}, nil
	}
	words := make([]string, len(ids))
	for i, id := range ids {
		if _, err := blob.ParseID(string(id)); err != nil {
			return nil, ErrDocument.At(fmt.Sprintf("body.documents[%d]", i), string(id))
		}
		words[i] = string(id)
	}
	sorted := slices.Sorted(slices.Values(words))
	if len(ids) > maxDocs || len(slices.Compact(sorted)) != len(ids) {
		return nil, ErrDocuments.At("body.documents", len(ids)).With("max", maxDocs)
	}
	var rows []documentRow
	if err := scope.Where(s.o.DB.In(ctx).NewSelect().Model(&rows).Where("d.id IN (?)", bun.List(words)), "d.org").Scan(ctx); err != nil {
		return nil, wrap("look up documents", err)
	}
	known := map[string]Document{}
	for _, r := range rows {
		known[r.ID] = Document{blob.ID(r.ID), r.Name, r.Media, r.Size}
	}
	out := make([]Document, len(ids))
	for i, w := range words {
		d, ok := known[w]
		if !ok {
			return nil, ErrDocument.At(fmt.Sprintf("body.documents[%d]", i), w)
		}
		out[i] = d
	}
	return out, nil
}

// Handed is for the node's own work: a document that an organisation has handed in. Error: store.ErrNotFound.
func (s *Service) Handed(ctx context.Context, org uuid.UUID, id string) (Document, error) {
	var r documentRow
	if err := auth.System(org).Where(s.o.DB.In(ctx).NewSelect().Model(&r).Where("d.id = ?", id), "d.org").Scan(ctx); err != nil {
		return Document{}, wrap("document "+id, err)
	}
	return Document{blob.ID(r.ID), r.Name, r.Media, r.Size}, nil
}

// ReadHanded is for the node's own work: a document that an organisation has handed in, with its content. Error: store.ErrNotFound.
func (s *Service) ReadHanded(ctx context.Context, org uuid.UUID, id string) (Document, []byte, error) {
	d, err := s.Handed(ctx, org, id)
	if err != nil {
		return Document{}, nil, err
	}
	data, err := s.o.Blobs.ReadAll(d.ID, MaxDocument)
	return d, data, err
}

// HandIn stores a document of an organisation. The same file again is stored once. Errors: ErrDocumentName, ErrDocumentType (its
// content is not what its name says, or of no type that is taken), ErrDocumentSize.
func (s *Service) HandIn(ctx context.Context, org uuid.UUID, name string, data []byte) (Document, error) {
	scope, err := auth.Allow(ctx, auth.Operate, org)
	if err != nil {
		return Document{}, err
	}
	const maxName = 200
	if n := len([]rune(name)); n == 0 || n > maxName || strings.ContainsAny(name, "/\\\x00") || strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 }) {
		return Document{}, ErrDocumentName.At("query.name", name).With("max", maxName)
	}
	if len(data) > MaxDocument {
		return Document{}, ErrDocumentSize.With("max", MaxDocument)
	}
	media, agrees := Sniff(name, data)
	if !agrees {
		is := media
		if is == "" {
			is = "?"
		}
		return Document{}, ErrDocumentType.At("query.name", name).With("is", is).With("allowed", strings.Join(Extensions(), ", "))
	}
	info, err := s.o.Blobs.Put(ctx, strings.NewReader(string(data)), MaxDocument)
	if err != nil {
		return Document{}, fmt.Errorf("store a document: %w", err)
	}
	d := Document{info.ID, name, media, info.Size}
	e := scope.Act(ctx, s.o.Now(), "fact.document.add", audit.Object{Kind: "document", ID: string(d.ID), Name: name}, nil, map[string]any{"media": media, "size": info.Size})
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var there documentRow
		err := store.Err(scope.Where(tx.NewSelect().Model(&there).Where("d.id = ?", string(d.ID)), "d.org").Scan(ctx))
		if err == nil {
			d.Name = there.Name // it is known under this name
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, err = tx.NewInsert().Model(&documentRow{Org: org, ID: string(d.ID), Name: name, Media: media, Size: info.Size, Actor: string(audit.State(e.Actor)), At: e.Time.UnixNano()}).Exec(ctx)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, e)
	})
	if err != nil {
		return Document{}, fmt.Errorf("hand in a document: %w", err)
	}
	return d, nil
}
