package server

import (
	"context"

	"jingwei/internal/identify/handle"
)

// allow checks that somebody has rights over a handle with the given values: by one of its HS_ADMIN values or, when it has
// none, by one of its prefix's handle. Unauthenticated when nobody is known, InvalidAdmin when he is no administrator,
// NoPermission when the rights that he has do not hold all that are needed.
func (p *Processor) allow(ctx context.Context, by *Identity, name handle.Name, values []handle.Value, need handle.Rights) error {
	if by == nil {
		return &handle.Refusal{Code: handle.Unauthenticated}
	}
	if !hasAdmin(values) {
		return p.allowByPrefix(ctx, by, name.Prefix(), need)
	}
	return p.judge(ctx, by, values, need)
}

// allowByPrefix checks rights by the HS_ADMIN values of a prefix's handle.
func (p *Processor) allowByPrefix(ctx context.Context, by *Identity, prefix string, need handle.Rights) error {
	if by == nil {
		return &handle.Refusal{Code: handle.Unauthenticated}
	}
	values, err := p.values(ctx, handle.PrefixHandle(prefix), nil, []string{handle.TypeAdmin})
	if err != nil {
		return handle.Refuse(handle.InvalidAdmin, nil, "who administers the prefix %s is not known here", prefix)
	}
	return p.judge(ctx, by, values, need)
}

func hasAdmin(values []handle.Value) bool {
	for _, v := range values {
		if v.Type == handle.TypeAdmin {
			return true
		}
	}
	return false
}

func (p *Processor) judge(ctx context.Context, by *Identity, values []handle.Value, need handle.Rights) error {
	var have handle.Rights
	known := false
	for _, v := range values {
		if v.Type != handle.TypeAdmin {
			continue
		}
		admin, err := handle.DecodeAdmin(v.Data)
		if err != nil {
			continue
		}
		if have&need == need && known {
			break
		}
		if p.isOneOf(ctx, by, admin.Reference, handle.MaxVListDepth) {
			known = true
			have |= admin.Rights
		}
	}
	switch {
	case !known:
		return handle.Refuse(handle.InvalidAdmin, nil, "%d:%s is no administrator", by.Index, by.Handle)
	case have&need != need:
		return handle.Refuse(handle.NoPermission, nil, "%d:%s lacks rights %s", by.Index, by.Handle, (need &^ have).Text())
	}
	return nil
}

// isOneOf reports whether somebody is who a reference names: the same, any key of its handle when its index is 0, or
// one of the HS_VLIST that it names.
func (p *Processor) isOneOf(ctx context.Context, by *Identity, ref handle.Reference, depth int) bool {
	if by.Handle.Same(ref.Handle) && (ref.Index == 0 || by.Index == ref.Index) {
		return true
	}
	if depth == 0 || ref.Index == 0 {
		return false
	}
	values, err := p.values(ctx, ref.Handle, []uint32{ref.Index}, nil)
	if err != nil {
		return false
	}
	for _, v := range values {
		if v.Index != ref.Index || v.Type != handle.TypeVList {
			continue
		}
		list, err := handle.DecodeVList(v.Data)
		if err != nil {
			return false
		}
		for _, member := range list {
			if p.isOneOf(ctx, by, member, depth-1) {
				return true
			}
		}
	}
	return false
}

// operator checks that somebody may home and unhome.
func (p *Processor) operator(ctx context.Context, by *Identity) error {
	if by == nil {
		return &handle.Refusal{Code: handle.Unauthenticated}
	}
	for _, ref := range p.config.Operators {
		if p.isOneOf(ctx, by, ref, handle.MaxVListDepth) {
			return nil
		}
	}
	return handle.Refuse(handle.InvalidAdmin, nil, "%d:%s does not operate this server", by.Index, by.Handle)
}
