package server

import (
	"context"
	"crypto"
	"errors"

	"jingwei/internal/identify/handle"
)

// Authenticate finds out who answered a challenge. The error is a *handle.Refusal: CannotAuthenticate when the key is not
// found, InvalidCredential when the answer does not decode, AuthenticationFailed when it does not prove the key.
func (p *Processor) Authenticate(ctx context.Context, a handle.Answer, c handle.Challenge) (Identity, error) {
	if a.Type != handle.TypePublicKey && a.Type != handle.TypeSecretKey {
		return Identity{}, handle.Refuse(handle.CannotAuthenticate, nil, "authentication by %q: HS_PUBKEY or HS_SECKEY", a.Type)
	}
	if _, err := handle.ParseName(string(a.Signer.Handle)); err != nil {
		return Identity{}, handle.Refuse(handle.InvalidAdmin, nil, "%v", err)
	}
	values, held, err := p.held(a.Signer.Handle)
	if err == nil && !held {
		if a.Type == handle.TypeSecretKey {
			return p.verifyElsewhere(ctx, a, c)
		}
		values, err = p.values(ctx, a.Signer.Handle, indexesOf(a.Signer), []string{a.Type})
	}
	if err != nil {
		return Identity{}, handle.Refuse(handle.CannotAuthenticate, nil, "the key %d:%s is not found", a.Signer.Index, a.Signer.Handle)
	}
	err = handle.Refuse(handle.CannotAuthenticate, nil, "%d:%s is no %s", a.Signer.Index, a.Signer.Handle, a.Type)
	tried := 0
	for _, v := range values {
		if v.Type != a.Type || a.Signer.Index != 0 && v.Index != a.Signer.Index {
			continue
		}
		if tried++; tried > handle.MaxKeysTried {
			break
		}
		if err = proves(v, a, c); err == nil {
			return Identity{Handle: a.Signer.Handle, Index: v.Index, How: a.Type}, nil
		}
	}
	return Identity{}, err
}

// indexesOf is the index that a signer names; none when any of its keys will do.
func indexesOf(ref handle.Reference) []uint32 {
	if ref.Index == 0 {
		return nil
	}
	return []uint32{ref.Index}
}

func proves(v handle.Value, a handle.Answer, c handle.Challenge) error {
	var err error
	if a.Type == handle.TypeSecretKey {
		err = handle.VerifyWithSecret(v.Data, c, a.Signed)
	} else {
		key, keyErr := handle.DecodePublicKey(v.Data)
		if keyErr != nil {
			return handle.Refuse(handle.CannotAuthenticate, nil, "the key %d does not decode", v.Index)
		}
		err = handle.VerifyWithKey(key, c, a.Signed)
	}
	switch {
	case errors.Is(err, handle.ErrNotSigned):
		return handle.Refuse(handle.AuthenticationFailed, nil, "the answer does not prove the key %d:%s", v.Index, a.Signer.Handle)
	case err != nil:
		return handle.Refuse(handle.InvalidCredential, nil, "%v", err)
	}
	return nil
}

// verifyElsewhere asks the server that holds a secret key.
func (p *Processor) verifyElsewhere(ctx context.Context, a handle.Answer, c handle.Challenge) (Identity, error) {
	if p.config.Elsewhere == nil {
		return Identity{}, handle.Refuse(handle.CannotAuthenticate, nil, "the key %d:%s is not held here", a.Signer.Index, a.Signer.Handle)
	}
	ctx, cancel := context.WithTimeout(ctx, p.config.Limits.Elsewhere)
	defer cancel()
	ok, err := p.config.Elsewhere.Verify(ctx, handle.Verification{User: a.Signer, Challenge: c, Signed: a.Signed})
	switch {
	case err != nil:
		return Identity{}, handle.Refuse(handle.CannotAuthenticate, nil, "the key %d:%s could not be asked for", a.Signer.Index, a.Signer.Handle)
	case !ok:
		return Identity{}, handle.Refuse(handle.AuthenticationFailed, nil, "the answer does not prove the key %d:%s", a.Signer.Index, a.Signer.Handle)
	}
	return Identity{Handle: a.Signer.Handle, Index: a.Signer.Index, How: a.Type}, nil
}

// Verify says whether an answer proves a secret key that is held here (operation 201).
func (p *Processor) Verify(v handle.Verification) (bool, error) {
	values, held, err := p.held(v.User.Handle)
	if err != nil {
		return false, err
	}
	if !held {
		return false, p.notHeld([]byte(v.User.Handle.Key()))
	}
	tried := 0
	for _, value := range values {
		if value.Type != handle.TypeSecretKey || v.User.Index != 0 && value.Index != v.User.Index {
			continue
		}
		if tried++; tried > handle.MaxKeysTried {
			break
		}
		if handle.VerifyWithSecret(value.Data, v.Challenge, v.Signed) == nil {
			return true, nil
		}
	}
	return false, nil
}

// Holder finds out whether a public key, whose possession is proved by other means, is the one at a reference.
func (p *Processor) Holder(ctx context.Context, ref handle.Reference, key crypto.PublicKey) (Identity, error) {
	values, err := p.values(ctx, ref.Handle, indexesOf(ref), []string{handle.TypePublicKey})
	if err != nil {
		return Identity{}, handle.Refuse(handle.CannotAuthenticate, nil, "the key %d:%s is not found", ref.Index, ref.Handle)
	}
	for _, v := range values {
		if v.Type != handle.TypePublicKey || ref.Index != 0 && v.Index != ref.Index {
			continue
		}
		if held, err := handle.DecodePublicKey(v.Data); err == nil && handle.SameKey(held, key) {
			return Identity{Handle: ref.Handle, Index: v.Index, How: handle.TypePublicKey}, nil
		}
	}
	return Identity{}, handle.Refuse(handle.AuthenticationFailed, nil, "the key is not %d:%s", ref.Index, ref.Handle)
}
