package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
)

// world is what the demo has made so far, by the keys of the scene. It is kept in the data folder after each step, so
// that a start that was interrupted goes on where it stopped.
type world struct {
	Made       map[string]uuid.UUID  `json:"made"`          // "org/foundry", "node/line-1", "machine/mill", …
	Address    map[string]string     `json:"address"`       // of the simulator behind a link, as it was last
	Credential map[string]credential `json:"credential"`    // of the simulator behind a source
	Day        string                `json:"day,omitempty"` // from which the province's past is counted

	link          *auth.Link // for the first sign-in; nil once the administrator has a password
	token, tokenB string
	path          string
}

// credential is how a simulator signs in at the node's broker. The file that keeps it is the demo's owner's alone.
type credential struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

func loadWorld(path string) (*world, error) {
	w := &world{Made: map[string]uuid.UUID{}, Address: map[string]string{}, Credential: map[string]credential{}, path: path}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 {
		return w, nil
	}
	var old struct{ Machine map[string]uuid.UUID }
	if err == nil {
		err = errors.Join(json.Unmarshal(b, w), json.Unmarshal(b, &old))
	}
	if err == nil && len(old.Machine) > 0 {
		err = errors.New("it is that of an earlier version's demo")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; begin anew with --fresh", path, err)
	}
	return w, nil
}

func (w *world) save() error {
	b, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return err
	}
	return file.WriteAtomic(file.OS(), w.path, b, 0o600)
}

// once makes a thing unless it has been made, and keeps its id.
func (w *world) once(key string, make func() (uuid.UUID, error)) error {
	if w.Made[key] != uuid.Nil {
		return nil
	}
	id, err := make()
	if err != nil {
		return fmt.Errorf("make %s: %w", key, err)
	}
	w.Made[key] = id
	return w.save()
}

// makeWorld makes the two enterprises, their plants and a token for each, as far as they are not there.
func (n *node) makeWorld(ctx context.Context) (*world, error) {
	w, err := loadWorld(filepath.Join(n.cfg.Data, demoMark))
	if err != nil {
		return nil, err
	}
	link, ok, err := n.auth.FirstStart(ctx, org.Org{Kind: org.Enterprise, Name: demoOrgs[0].name}, administrator)
	if err != nil {
		return nil, err
	}
	if ok {
		w.link = &link
	}
	home, _, err := n.orgs.Home(ctx)
	if err != nil {
		return nil, err
	}
	w.Made["org/"+demoOrgs[0].key] = home.ID
	for _, o := range demoOrgs[1:] {
		if err := w.once("org/"+o.key, func() (uuid.UUID, error) { return n.found(ctx, o.name) }); err != nil {
			return nil, err
		}
	}
	if err := n.makePlants(ctx, w); err != nil {
		return nil, err
	}
	if w.token, err = n.demoToken(ctx, w.Made["org/"+demoOrgs[0].key]); err != nil {
		return nil, err
	}
	if w.tokenB, err = n.demoToken(ctx, w.Made["org/"+demoOrgs[1].key]); err != nil {
		return nil, err
	}
	return w, w.save()
}

// found founds an enterprise beside the first.
func (n *node) found(ctx context.Context, name text.Text) (id uuid.UUID, err error) {
	p, _ := auth.FromContext(ctx)
	err = n.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		o, err := n.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: name}, uuid.Nil)
		if err != nil {
			return err
		}
		id = o.ID
		return n.auth.Founded(ctx, tx, p, o, uuid.Nil)
	})
	if err != nil {
		return id, err
	}
	// The demo's administrator sees both, to see that one knows nothing of the other.
	scope, err := auth.Allow(ctx, auth.People, id)
	if err != nil {
		return id, err
	}
	admin, err := n.auth.PersonByLogin(ctx, administrator)
	if err != nil {
		return id, err
	}
	return id, n.auth.SetRole(ctx, scope, admin.ID, auth.Owner)
}

func (n *node) makePlants(ctx context.Context, w *world) error {
	owner := map[string]string{}
	add := func(key, org string, q plant.NewNode) error {
		return w.once(key, func() (uuid.UUID, error) {
			q.Org, q.Reason = w.Made["org/"+org], "demo"
			made, err := n.plant.Create(ctx, auth.System(q.Org), q)
			return made.ID, err
		})
	}
	for _, d := range demoNodes {
		owner[d.key] = d.org
		q := plant.NewNode{Kind: d.kind, Name: d.name}
		if d.parent != "" {
			q.Parent = w.Made["node/"+d.parent]
		}
		if err := add("node/"+d.key, d.org, q); err != nil {
			return err
		}
	}
	for _, m := range demoMachines {
		q := plant.NewNode{Kind: plant.Machine, Parent: w.Made["node/"+m.place], Name: m.name, Template: m.template}
		if err := add("machine/"+m.key, owner[m.place], q); err != nil {
			return err
		}
	}
	return nil
}

// demoToken makes a token that lasts for a day: each start prints new ones, for the node keeps only their hashes.
func (n *node) demoToken(ctx context.Context, o uuid.UUID) (string, error) {
	scope, err := auth.Allow(ctx, auth.Tokens, o)
	if err != nil {
		return "", err
	}
	_, token, err := n.auth.CreateToken(ctx, scope, "demo", auth.Engineer, n.now().Add(24*time.Hour))
	return token, err
}
