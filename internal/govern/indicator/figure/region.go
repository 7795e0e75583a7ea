package figure

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// region works out what is counted once for a region: of the keeper's own registers, and of the facts that those have told who give it
// theirs. A fact that several know counts once.
func (c *Composer) region(ctx context.Context, k *Keeper, item Item, d *indicator.Definition, p indicator.Period, agreed *agreed) (*Figure, error) {
	f := &Figure{Key: item.key(k.Org, p), Definition: definitionHash(d)}
	v, err := c.o.Sources.Counted(ctx, k.Org, k.Scope, d, p, item.Baseline)
	if err != nil {
		return nil, err
	}
	union := v.Union()
	from, _ := agreed.sources(k.Org, item)
	for _, a := range from.accounts {
		if !tells(a, p) {
			continue
		}
		part, told, err := c.toldOf(ctx, a, item, d, p)
		if err != nil {
			return nil, err
		}
		if told != nil {
			part.Members, part.Known = told.Facts(union)
			if err := union.Merge(told); err != nil {
				return nil, err
			}
		}
		f.Parts = append(f.Parts, part)
		f.Watermark = max(f.Watermark, part.At)
	}
	f.Account = union.Encode()
	return f, nil
}

// toldOf is what a keeper has told of its region under an agreement; nil where it has not, or what came is left out.
func (c *Composer) toldOf(ctx context.Context, a *org.Agreement, item Item, d *indicator.Definition, p indicator.Period) (Part, *indicator.Union, error) {
	part := Part{Source: a.ID.String(), Kind: Account, State: Undelivered}
	key := item.key(a.ID, p)
	if a.Hosted() {
		key.Keeper = a.Giver.Org
	}
	pins, err := c.o.Store.pins(ctx, c.o.Store.db, d.ID, p.Kind, p.Label)
	if err != nil {
		return part, nil, err
	}
	f, err := c.o.Store.standsOrPinned(ctx, key.ID(), pins[[2]uuid.UUID{a.ID, key.ID()}])
	if errors.Is(err, store.ErrNotFound) {
		return part, nil, nil
	}
	if err != nil {
		return part, nil, err
	}
	part.State, part.Record, part.At = Given, f.Hash(), f.Commit
	if f.Definition != definitionHash(d) {
		part.State, part.Reason = Isolated, OtherDefinition
		return part, nil, nil
	}
	told, err := c.o.Library.DecodeUnion(d, f.Account)
	if err == nil && a.Hosted() {
		told = told.Told()
	}
	return part, told, err
}

// told is the account of a figure as it goes to another node.
func told(l *indicator.Library, d *indicator.Definition, f *Figure) ([]byte, error) {
	if d.Of == indicator.OfRegion {
		union, err := l.DecodeUnion(d, f.Account)
		if err != nil {
			return nil, err
		}
		return union.Told().Encode(), nil
	}
	account, err := l.DecodeAccount(d, f.Account)
	if err != nil {
		return nil, err
	}
	return account.Told().Encode(), nil
}

// tellRegion tells what a keeper knows of its region.
func (b *batch) tellRegion(ctx context.Context, a *org.Agreement, f *Figure, d *indicator.Definition) error {
	account, err := told(b.c.o.Library, d, f)
	if err != nil {
		return err
	}
	key := f.Key
	key.Keeper = uuid.Nil
	return b.tell(ctx, a, &TellAccount{Key: key, Revision: f.Revision, Commit: f.Commit, Watermark: f.Watermark, Definition: f.Definition, Account: account})
}

// region takes in what a keeper tells of its region.
func (in *intake) region(x *TellAccount, d *indicator.Definition) error {
	if x.Population != (Hash{}) {
		return refuse("what is counted once for a region has no population")
	}
	if x.Definition == definitionHash(d) {
		union, err := in.c.o.Library.DecodeUnion(d, x.Account)
		if err != nil {
			return refusal{err}
		}
		if string(union.Told().Encode()) != string(x.Account) {
			return refuse("the account of %s tells more than facts", x.Key)
		}
	}
	return nil
}
