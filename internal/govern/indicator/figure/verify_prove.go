package figure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// Proofs are what packs take from other rooms.
type Proofs interface {
	// Definition is the file of a definition that the node has now.
	Definition(id string) ([]byte, error)
	// Vocabulary is what definitions speak of on the node.
	Vocabulary() indicator.Vocabulary
	// Accepted are the records by which both sides have accepted the terms of an agreement, as the node's log holds them.
	Accepted(ctx context.Context, a *org.Agreement) ([]Proven, error)
	// Recorded gathers an indicator of an enterprise of this node, with what was read.
	Recorded(ctx context.Context, org uuid.UUID, d *indicator.Definition, p indicator.Period, baseline string) (*indicator.Valuation, *indicator.Transcript, error)
	// Fact is a revision of a fact of an organisation as the node's log holds it. Error: a problem where it has restricted fields.
	Fact(ctx context.Context, org, id uuid.UUID, revision int64) (Proven, error)
	// Holding are the UTC days on which samples of a series with source times in [from, to) were committed, the first first.
	Holding(ctx context.Context, org, series uuid.UUID, from, to int64) ([]string, error)
	// Samples are those of a series that were committed on a day, in columns (tuple.Columns) of at most so many bytes; where the day runs what
	// stands now is sealed. [from, to) are the source times that matter. Errors: seal.ErrLarge, *seal.DigestError, ErrExpired, problems.
	Samples(ctx context.Context, org, series uuid.UUID, day string, from, to int64, most int) (Proven, error)
	// Fewest puts series in order, those with the fewest samples in [from, to) first.
	Fewest(ctx context.Context, org uuid.UUID, series []uuid.UUID, from, to int64) ([]uuid.UUID, error)
	// Metered is what the days of a counter in [from, to) follow from beside its samples.
	Metered(ctx context.Context, org, series uuid.UUID, from, to int64) (*Metered, error)
	// Working are the working days among the civil days of [from, to).
	Working(from, to int64) []string
}

// Proven is something with the proof that it is in a node's log.
type Proven struct {
	Payload []byte
	Bundle  []byte // seal.Bundle
}

// Grades of packs.
const (
	GradeProved     = 1 // the node's own figure, and what others have told it
	GradeRecomputed = 2 // down to what enterprises' observations rest on
)

// prover puts the pack of one figure, or of one enterprise's value, together.
type prover struct {
	x      *Explainer
	w      packWriter
	grade  int
	onward bool   // somebody else asks, to whom only what agreements let be passed on is given
	depth  string // how deep those may go
	bytes  int64  // of samples
}

func (x *Explainer) prover(k Key, grade int, onward bool, depth string) *prover {
	p := &prover{x: x, grade: grade, onward: onward, depth: depth}
	p.w.m = manifest{Made: x.s.o.Now().UnixNano(), Node: x.o.Node, NodeName: x.o.NodeName, Keys: []string{x.o.Key}, Subject: k.String(), Definitions: []packDefinition{}}
	return p
}

// damaged tells an asker what of a node's own is not what it was.
func damaged(err error) error {
	var known *problem.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	var file *evidence.CorruptError
	wrong := errors.As(err, &file)
	for _, kind := range []error{ErrDamaged, ErrBytes, indicator.ErrAccount, indicator.ErrObservation, evidence.ErrNotProved} {
		wrong = wrong || errors.Is(err, kind)
	}
	if !wrong {
		return err
	}
	return ErrProof.With("what", err.Error()).Because(err)
}

// Pack proves a revision of a figure for those who may read its keeper, or the value of an enterprise in it for its own people. Errors: as
// Explain, ErrProof, ErrTooLarge.
func (x *Explainer) Pack(ctx context.Context, in Asked, grade int) ([]byte, error) {
	f, err := x.s.seen(ctx, x.s.o.DB, in.ID, in.Revision, in.AsOf)
	if err != nil {
		return nil, damaged(err)
	}
	b, err := x.prover(f.Key, grade, false, org.LevelReadings).figure(ctx, f)
	return b, damaged(err)
}

// words puts the definitions in, and what they name.
func (p *prover) words(d *indicator.Definition, hash Hash) error {
	if definitionHash(d) != hash && hash != (Hash{}) {
		p.w.omit("definition", "the node has another version of it now")
		return nil
	}
	for _, below := range p.x.s.o.Library.Below(d) {
		file, err := p.x.o.Proofs.Definition(below.ID)
		if err != nil {
			return fmt.Errorf("the file of the definition %s: %w", below.ID, err)
		}
		p.w.m.Definitions = append(p.w.m.Definitions, packDefinition{below.ID, p.w.blob(file)})
	}
	words, err := json.Marshal(p.x.s.o.Library.Vocabulary(d, p.x.o.Proofs.Vocabulary()))
	p.w.m.Words = p.w.blob(words)
	return err
}

// seal finds where the node's log holds something that a commit has written; nil where it is not there yet.
func (p *prover) seal(ctx context.Context, commit int64, item Hash) (*packSeal, error) {
	var r batchRow
	err := store.Err(p.x.s.o.DB.NewSelect().Model(&r).Where("b.at = ?", commit).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: what commit %d has written is not noted", ErrDamaged, commit)
	}
	if err != nil {
		return nil, wrap("read a commit", err)
	}
	place := -1
	for i := 0; (i+1)*len(item) <= len(r.Items); i++ {
		if Hash(r.Items[i*len(item):]) == item {
			place = i
		}
	}
	if place < 0 {
		return nil, fmt.Errorf("%w: commit %d has not written what hashes to %s", ErrDamaged, commit, item)
	}
	if r.Place < 0 || uint64(r.Place) >= p.x.o.Log.Checkpoint().Size {
		return nil, nil
	}
	proof, err := p.x.o.Log.Proof(uint64(r.Place))
	if err != nil {
		return nil, err
	}
	if e, err := evidence.ParseEnvelope(proof.Entry); err != nil || e.CommitTime != r.At || e.Kind != KindFigures || Root(r.blinded()) != Hash(e.Digest) {
		return nil, fmt.Errorf("%w: entry %d of the evidence log does not hold what commit %d has noted", ErrDamaged, r.Place, commit)
	}
	file, err := proof.Encode()
	if err != nil {
		return nil, err
	}
	var items []byte
	for _, h := range r.blinded() {
		items = append(items, h[:]...)
	}
	return &packSeal{commit, p.w.blob(items), place, r.salt(place).String(), p.w.blob(file)}, nil
}

// sealed is what the evidence log holds of a row: its bytes, and the column in which they stand.
func (r *Row) sealed(k ColumnKey) Hash {
	w := &wire{}
	w.id(k.Keeper)
	for _, s := range []string{k.Source, k.Indicator, k.Kind, k.Period, k.Baseline} {
		w.text(s)
	}
	w.bytes(r.Encode())
	return Sum(w.b)
}

// figure packs a figure.
func (p *prover) figure(ctx context.Context, f *Figure) (_ []byte, err error) {
	d := p.x.s.o.Library.Definition(f.Key.Indicator)
	if d == nil {
		return nil, store.ErrNotFound
	}
	if err := p.words(d, f.Definition); err != nil {
		return nil, err
	}
	p.w.m.Body = p.w.blob(f.Encode())
	if p.w.m.Seal, err = p.seal(ctx, f.Commit, f.Hash()); err != nil {
		return nil, fmt.Errorf("the figure %s, revision %d: %w", f.Key, f.Revision, err)
	}
	var pop *Population
	if f.Population != (Hash{}) {
		if pop, err = p.x.s.store.Population(ctx, p.x.s.o.DB, f.Population); err != nil {
			return nil, err
		}
		p.w.m.Population, p.w.m.Told = p.population(pop), p.onward
	}
	spoken := map[string]bool{}
	for i := range f.Parts {
		part := packPart{Part: i}
		if f.Parts[i].Kind == Account {
			err = p.account(ctx, f, &f.Parts[i], &part, spoken)
		} else {
			err = p.rows(ctx, f, d, pop, &f.Parts[i], &part, spoken)
		}
		if err != nil {
			return nil, err
		}
		p.w.m.Parts = append(p.w.m.Parts, part)
	}
	return p.w.bytes()
}

// account packs an account that somebody else has added up.
func (p *prover) account(ctx context.Context, f *Figure, of *Part, part *packPart, spoken map[string]bool) error {
	a, err := p.x.o.Agreements.Agreement(ctx, store.ID(of.Source))
	if err != nil {
		return fmt.Errorf("the agreement %s: %w", of.Source, err)
	}
	if part.Agreement, err = p.agreement(ctx, &a); err != nil {
		return err
	}
	if of.State == Undelivered {
		return nil
	}
	key := f.Key
	if key.Keeper = a.ID; a.Hosted() {
		key.Keeper = a.Giver.Org
	}
	came, err := p.x.s.store.Figure(ctx, p.x.s.o.DB, key.ID(), of.At)
	if err != nil {
		return fmt.Errorf("the account that %s has given: %w", a.Giver.Name.En, err)
	}
	if came.Hash() != of.Record {
		return fmt.Errorf("%w: the account that %s has given is not the one that was added up", ErrDamaged, a.Giver.Name.En)
	}
	part.Delivered = p.w.blob(came.Encode())
	if of.Population != (Hash{}) { // what is counted once for a region has none
		pop, err := p.x.s.store.Population(ctx, p.x.s.o.DB, of.Population)
		if err != nil {
			return err
		}
		part.Population = p.population(pop)
		for i := range pop.Members {
			if of.State == Given {
				spoken[pop.Members[i].Code] = true
			}
		}
	}
	revision := came.Revision
	if !a.Hosted() {
		in, err := p.x.came(ctx, &a)
		if err != nil {
			return err
		}
		records, told, tell := in.account(came)
		if tell == nil {
			part.Why = "the record that delivered it is not kept any more"
			return nil
		}
		revision, part.Records = tell.Revision, p.w.blobsOf(records)
		if told != nil {
			part.Told = p.w.blob(EncodeRecord(told))
		}
	}
	part.Below, part.Why = p.put(p.below(ctx, &a, key, revision))
	return nil
}

// population packs who counts: to somebody else, who has been told the codes, no more than these.
func (p *prover) population(pop *Population) string {
	if p.onward {
		pop = pop.told()
	}
	return p.w.blob(pop.Encode())
}

// agreement packs what both sides have accepted.
func (p *prover) agreement(ctx context.Context, a *org.Agreement) (*packAgreement, error) {
	out := &packAgreement{ID: a.ID, Terms: p.w.blob(a.Terms()), Giver: a.Giver.Node, Name: a.Giver.Name.In("zh"), Key: a.Giver.Key}
	if a.Hosted() {
		out.Key = p.x.o.Key
	}
	list, err := p.x.o.Proofs.Accepted(ctx, a)
	for _, x := range list {
		out.Acts = append(out.Acts, packAct{p.w.blob(x.Payload), p.w.blob(x.Bundle)})
	}
	return out, err
}

// answer is the pack of a giver, or in a word why there is none.
type answer struct {
	pack []byte
	why  string
}

// spare is how long before the end of a question's time nobody is asked any more, so that what is there is still told.
const spare = 5 * time.Second

// below asks the giver of an agreement for its own pack. It is safe for concurrent use.
func (p *prover) below(ctx context.Context, a *org.Agreement, k Key, revision int64) answer {
	until, limited := ctx.Deadline()
	switch {
	case p.grade < GradeRecomputed:
		return answer{why: "not asked for"}
	case p.onward && org.Level(a.Onward) < org.Level(org.LevelInputs):
		return answer{why: p.x.o.Consent.Code()}
	case limited && time.Until(until) < spare:
		return answer{why: "no time was left to ask"}
	}
	k.Keeper, k.Code = uuid.Nil, ""
	q := question{Key: k.Name(), Revision: revision, Grade: p.grade}
	if a.Detail == org.DetailEnterprise {
		q.Code = a.Giver.CreditCode
	}
	if p.onward {
		q.Onward, q.Depth = true, org.Least(p.depth, a.Onward)
	}
	if limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, until.Add(-spare/2))
		defer cancel()
	}
	b, err := p.x.fetch(ctx, a, q)
	if err != nil {
		return answer{why: whyNot(err)}
	}
	return answer{pack: b}
}

// put puts an answer into the pack.
func (p *prover) put(x answer) (blob, why string) {
	if x.pack == nil {
		return "", x.why
	}
	return p.w.blob(x.pack), ""
}

// whyNot tells in a word why something was not given.
func whyNot(err error) string {
	var known *problem.Error
	if errors.As(err, &known) {
		if what, ok := known.Attributes()["what"]; ok {
			return fmt.Sprintf("%s: %v", known.Kind().Code(), what)
		}
		return known.Kind().Code()
	}
	return "it failed"
}
