package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
	"jingwei/internal/province"
)

// provinceStep is the key under which the world keeps that the province is whole. Another province is another key.
const provinceStep = "province/1"

// fillProvince makes the fictional province, or what an earlier start has left undone of it.
func (n *node) fillProvince(ctx context.Context, w *world) error {
	if w.Made[provinceStep] != uuid.Nil {
		return nil
	}
	p, err := province.Load()
	if err != nil {
		return err
	}
	if err := province.Fill(ctx, provinceNode{n}, p, w.Day); err != nil {
		return err
	}
	return w.once(provinceStep, uuid.NewV7)
}

// beginProvince remembers the day from which the province's past is counted.
func (n *node) beginProvince(w *world) error {
	if w.Day != "" {
		return nil
	}
	w.Day = field.DateOf(n.now().UnixNano())
	return w.save()
}

// provinceNode lets the province's people act on a node (province.Node).
type provinceNode struct{ n *node }

func (p provinceNode) Handler() http.Handler { return p.n.api.Handler() }

func (p provinceNode) Home(ctx context.Context) (uuid.UUID, error) {
	o, ok, err := p.n.orgs.Home(ctx)
	if err == nil && !ok {
		err = errors.New("the node has no organisation yet")
	}
	return o.ID, err
}

func (p provinceNode) As(ctx context.Context, login string) (context.Context, error) {
	who, err := p.n.auth.Acting(ctx, login, "demo")
	return auth.With(ctx, who), err
}

func (p provinceNode) Org(ctx context.Context, code string) (uuid.UUID, bool, error) {
	o, ok, err := p.n.orgs.WithCreditCode(ctx, code)
	return o.ID, ok, err
}

func (p provinceNode) Found(ctx context.Context, name text.Text, code string) (uuid.UUID, error) {
	if id, ok, err := p.Org(ctx, code); err != nil || ok {
		return id, err
	}
	who, err := auth.Need(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	var o org.Org
	err = p.n.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if o, err = p.n.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: name, CreditCode: code}, uuid.Nil); err != nil {
			return err
		}
		return p.n.auth.Founded(ctx, tx, who, o, uuid.Nil)
	})
	return o.ID, err
}

func (p provinceNode) Person(ctx context.Context, login, name string, at uuid.UUID, role string) error {
	there, err := p.n.auth.PersonByLogin(ctx, login)
	if err != nil && !errors.Is(err, auth.ErrNotFound) {
		return err
	}
	if err == nil && at != uuid.Nil {
		return nil
	}
	// Who has no organisation yet begins as a viewer of the node's own, and leaves it at once.
	home, fails := p.Home(ctx)
	if fails != nil {
		return fails
	}
	in, as := at, auth.Role(role)
	if at == uuid.Nil {
		in, as = home, auth.Viewer
	}
	scope, fails := auth.Allow(ctx, auth.People, in)
	if fails != nil {
		return fails
	}
	if err != nil {
		if there, _, err = p.n.auth.CreatePerson(ctx, scope, login, name, as); err != nil {
			return fmt.Errorf("make %s: %w", login, err)
		}
	}
	if at != uuid.Nil {
		return nil
	}
	roles, err := p.n.auth.RolesIn(ctx, home)
	if _, still := roles[there.ID]; err != nil || !still {
		return err
	}
	return p.n.auth.RemoveRole(ctx, scope, there.ID)
}

func (p provinceNode) Show(ctx context.Context, o uuid.UUID) error {
	roles, err := p.n.auth.RolesIn(ctx, o)
	if err != nil {
		return err
	}
	admin, err := p.n.auth.PersonByLogin(ctx, administrator)
	if _, is := roles[admin.ID]; err != nil || is {
		return err
	}
	scope, err := auth.Allow(ctx, auth.People, o)
	if err != nil {
		return err
	}
	return p.n.auth.SetRole(ctx, scope, admin.ID, auth.Owner)
}

// tellProvince fills the province in the background and tells how it went: a demo without it goes on.
func (n *node) tellProvince(ctx context.Context, w *world, out io.Writer) {
	if w.Made[provinceStep] != uuid.Nil {
		return
	}
	defer giveBack()
	begun := time.Now()
	switch err := n.fillProvince(ctx, w); {
	case err == nil:
		fmt.Fprintf(out, "province: whole (%d ms)\n", time.Since(begun).Milliseconds())
	case ctx.Err() != nil: // the next start goes on
	default:
		n.log.Error("the demo's province is not whole; the next start goes on", "error", err)
		fmt.Fprintf(out, "province: not whole: %v\n", err)
	}
}
