package server

import (
	"context"

	"jingwei/internal/identify/handle"
)

// List returns at most limit handles of a prefix (its handle 0.NA/prefix) whose keys come after the given one:
// ListHandlesRight of the prefix.
func (p *Processor) List(ctx context.Context, by *Identity, prefix handle.Name, after string, limit int) ([]handle.Name, error) {
	if err := p.mayList(ctx, by, prefix); err != nil {
		return nil, p.refusal(err)
	}
	names, err := p.config.Holdings.List(ctx, prefix, after, limit)
	return names, p.refusal(err)
}

// Count is the number of handles of a prefix: ListHandlesRight of the prefix.
func (p *Processor) Count(ctx context.Context, by *Identity, prefix handle.Name) (int, error) {
	if err := p.mayList(ctx, by, prefix); err != nil {
		return 0, p.refusal(err)
	}
	n, err := p.config.Holdings.Count(ctx, prefix)
	return n, p.refusal(err)
}

func (p *Processor) mayList(ctx context.Context, by *Identity, prefix handle.Name) error {
	of, ok := prefix.OfPrefix()
	if !ok {
		return handle.Refuse(handle.InvalidName, nil, "a list is of a prefix: 0.NA/prefix")
	}
	if s := p.config.Holdings.Service(handle.Fold(nil, []byte(of))); s.Kind != Homed {
		return p.notHeld(handle.Fold(nil, []byte(of+"/x")))
	}
	return p.allowByPrefix(ctx, by, of, handle.ListHandlesRight)
}

// Home takes a prefix on, Unhome gives it away: for the server's operators.
func (p *Processor) Home(ctx context.Context, by *Identity, prefix handle.Name) error {
	err := p.mayHome(ctx, by, prefix)
	if err == nil {
		err = p.config.Holdings.Home(ctx, *by, prefix)
	}
	return p.refusal(err)
}

// Unhome gives a prefix away: for the server's operators.
func (p *Processor) Unhome(ctx context.Context, by *Identity, prefix handle.Name) error {
	err := p.mayHome(ctx, by, prefix)
	if err == nil {
		err = p.config.Holdings.Unhome(ctx, *by, prefix)
	}
	return p.refusal(err)
}

func (p *Processor) mayHome(ctx context.Context, by *Identity, prefix handle.Name) error {
	if _, ok := prefix.OfPrefix(); !ok {
		return handle.Refuse(handle.InvalidName, nil, "what is homed is a prefix: 0.NA/prefix")
	}
	return p.operator(ctx, by)
}

// Homed lists the prefixes served here: for the server's operators.
func (p *Processor) Homed(ctx context.Context, by *Identity) ([]handle.Name, error) {
	if err := p.operator(ctx, by); err != nil {
		return nil, err
	}
	names, err := p.config.Holdings.Homed(ctx)
	return names, p.refusal(err)
}

// Derived lists the handles of the prefixes derived from a prefix that are held here: ListHandlesRight of the prefix.
func (p *Processor) Derived(ctx context.Context, by *Identity, prefix handle.Name) ([]handle.Name, error) {
	if err := p.mayList(ctx, by, prefix); err != nil {
		return nil, p.refusal(err)
	}
	of, _ := prefix.OfPrefix()
	from := handle.PrefixHandle(of + ".")
	var derived []handle.Name
	after := handle.PrefixHandle(of).Key()
	for {
		names, err := p.config.Holdings.List(ctx, handle.RootName, after, handle.MaxList)
		if err != nil {
			return nil, p.refusal(err)
		}
		for _, n := range names {
			if len(n) > len(from) && n[:len(from)].Same(from) {
				derived = append(derived, n)
			}
		}
		if len(names) < handle.MaxList || names[len(names)-1].Key() > handle.PrefixHandle(of+"/").Key() {
			return derived, nil
		}
		after = names[len(names)-1].Key()
	}
}
