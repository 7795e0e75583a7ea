package resolver

import (
	"context"
	"crypto"
	"fmt"
	"slices"

	"jingwei/internal/identify/handle"
)

// Anchor is the root of trust: the reference that the last certificate of a chain is issued by, and its key.
type Anchor struct {
	Who handle.Reference
	Key crypto.PublicKey
}

// maxChain is how many certificates stand between a signature and the anchor.
const maxChain = 8

// vouched says which values the HS_SIGNATURE values among them vouch for. A signature that does not verify, or a value that is
// not what was signed, is an error: handle.ErrNotSigned is wrapped.
func (w *walk) vouched(ctx context.Context, name handle.Name, values []handle.Value) (map[uint32]bool, error) {
	signed := map[uint32]bool{}
	for _, v := range values {
		if v.Type != handle.TypeSignature || w.plain {
			continue
		}
		c, err := handle.DecodeClaims(v.Data)
		if err != nil {
			return nil, fmt.Errorf("%w: signature %d of %s: %w", handle.ErrNotSigned, v.Index, name, err)
		}
		if c.Subject != "" && !handle.Name(c.Subject).Same(name) {
			return nil, fmt.Errorf("%w: signature %d of %s is of %s", handle.ErrNotSigned, v.Index, name, c.Subject)
		}
		key, err := w.keyOf(ctx, c, name, maxChain)
		if err == nil {
			err = c.Verify(key, w.resolver.config.Now())
		}
		if err != nil {
			return nil, fmt.Errorf("signature %d of %s: %w", v.Index, name, err)
		}
		for _, value := range values {
			covered, same := c.Vouches(value)
			if covered && !same {
				return nil, fmt.Errorf("%w: value %d of %s is not what was signed", handle.ErrNotSigned, value.Index, name)
			}
			if covered {
				signed[value.Index] = true
			}
		}
	}
	return signed, nil
}

// keyOf is the key of the issuer of claims, by certificates up to the anchor, each of which covers the leaf.
func (w *walk) keyOf(ctx context.Context, c *handle.Claims, leaf handle.Name, depth int) (crypto.PublicKey, error) {
	anchor := w.resolver.config.Anchor
	if c.Issuer.Index == anchor.Who.Index && c.Issuer.Handle.Same(anchor.Who.Handle) {
		return anchor.Key, nil
	}
	if depth == 0 {
		return nil, fmt.Errorf("%w: more than %d certificates", handle.ErrNotSigned, maxChain)
	}
	holders := c.Chain
	if !slices.ContainsFunc(holders, c.Issuer.Handle.Same) {
		holders = append([]handle.Name{c.Issuer.Handle}, holders...)
	}
	for _, holder := range holders[:min(len(holders), maxChain)] {
		if err := w.step(); err != nil {
			return nil, err
		}
		inner := &walk{resolver: w.resolver, steps: w.steps, plain: true}
		found, err := inner.resolve(ctx, handle.Question{Name: holder, Types: []string{handle.TypeCertificate}})
		w.steps, w.path = inner.steps, append(w.path, inner.path...)
		if err != nil {
			continue
		}
		for _, v := range found.Values {
			certificate, err := handle.DecodeClaims(v.Data)
			if err != nil || v.Type != handle.TypeCertificate || certificate.PublicKey == nil {
				continue
			}
			subject, err := handle.ParseReference(certificate.Subject)
			if err != nil || subject.Index != c.Issuer.Index || !subject.Handle.Same(c.Issuer.Handle) {
				continue
			}
			if !certificate.Covers(leaf) {
				return nil, fmt.Errorf("%w: the certificate of %s does not let it sign %s", handle.ErrNotSigned, certificate.Subject, leaf)
			}
			by, err := w.keyOf(ctx, certificate, leaf, depth-1)
			if err != nil {
				return nil, err
			}
			if err := certificate.Verify(by, w.resolver.config.Now()); err != nil {
				return nil, fmt.Errorf("certificate of %s: %w", certificate.Subject, err)
			}
			return certificate.PublicKey, nil
		}
	}
	return nil, fmt.Errorf("%w: no certificate of %d:%s is found", handle.ErrNotSigned, c.Issuer.Index, c.Issuer.Handle)
}
