package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
)

// demoMachine is one of the demo's three machines: the template whose recording it replays, and where it is reached.
type demoMachine struct {
	key      string
	name     text.Text
	template string
	link     string // key of the link
	unit     string
	row      int // of the recording that it starts with
}

var demoMachines = []demoMachine{
	{"mill", text.Text{Zh: "数控铣床 1 号", En: "CNC mill 1"}, "cnc-mill-smart-testbed", "machining", "1", 0},
	{"meter-1", text.Text{Zh: "进线电表 1 号", En: "Incomer meter 1"}, "power-meter-steel", "metering", "1", 0},
	{"meter-2", text.Text{Zh: "轧机电表 2 号", En: "Mill-stand meter 2"}, "power-meter-steel", "metering", "2", 9000},
}

var demoLinks = map[string]text.Text{
	"machining": {Zh: "机加工 Modbus", En: "Machining Modbus"},
	"metering":  {Zh: "计量 Modbus", En: "Metering Modbus"},
}

// world is what the demo has made so far. It is kept in the data folder after each step, so that a start that was
// interrupted goes on where it stopped.
type world struct {
	OrgB    uuid.UUID            `json:"orgB"`
	Site    uuid.UUID            `json:"site"`
	Area    uuid.UUID            `json:"area"`
	Line    uuid.UUID            `json:"line"`
	Machine map[string]uuid.UUID `json:"machine"`
	Gateway uuid.UUID            `json:"gateway"`
	Address map[string]string    `json:"address"` // of the simulator behind a link, as it was last
	Link    map[string]uuid.UUID `json:"link"`

	home          uuid.UUID
	link          string // one-time sign-in link; "" once the administrator has a password
	token, tokenB string
	path          string
}

func loadWorld(path string) (*world, error) {
	w := &world{Machine: map[string]uuid.UUID{}, Link: map[string]uuid.UUID{}, Address: map[string]string{}, path: path}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal(b, w)
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
func (w *world) once(id *uuid.UUID, make func() (uuid.UUID, error)) error {
	if *id != uuid.Nil {
		return nil
	}
	made, err := make()
	if err != nil {
		return err
	}
	*id = made
	return w.save()
}

// onceIn is once for an id kept under a key.
func (w *world) onceIn(ids map[string]uuid.UUID, key string, make func() (uuid.UUID, error)) error {
	id := ids[key]
	if id != uuid.Nil {
		return nil
	}
	id, err := make()
	if err != nil {
		return err
	}
	ids[key] = id
	return w.save()
}

// makeWorld makes the two enterprises, the plant of the first and a token for each, as far as they are not there.
func (n *node) makeWorld(ctx context.Context) (*world, error) {
	w, err := loadWorld(filepath.Join(n.cfg.Data, demoMark))
	if err != nil {
		return nil, err
	}
	first := org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "示范精工", En: "Example Precision Works"}}
	link, ok, err := n.auth.FirstStart(ctx, first, administrator)
	if err != nil {
		return nil, err
	}
	home, _, err := n.orgs.Home(ctx)
	if err != nil {
		return nil, err
	}
	w.home = home.ID
	if err := w.once(&w.OrgB, func() (uuid.UUID, error) { return n.secondEnterprise(ctx) }); err != nil {
		return nil, err
	}
	if err := n.makePlant(ctx, w); err != nil {
		return nil, err
	}
	if w.token, err = n.demoToken(ctx, w.home); err != nil {
		return nil, err
	}
	if w.tokenB, err = n.demoToken(ctx, w.OrgB); err != nil {
		return nil, err
	}
	if ok {
		w.link = link.URL(n.base())
	}
	return w, w.save()
}

func (n *node) secondEnterprise(ctx context.Context) (id uuid.UUID, err error) {
	p, _ := auth.FromContext(ctx)
	err = n.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		o, err := n.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Text{Zh: "示范铸造", En: "Example Foundry"}}, uuid.Nil)
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

func (n *node) makePlant(ctx context.Context, w *world) error {
	scope := auth.System(w.home)
	add := func(q plant.NewNode) func() (uuid.UUID, error) {
		return func() (uuid.UUID, error) {
			q.Org, q.Reason = w.home, "demo"
			made, err := n.plant.Create(ctx, scope, q)
			return made.ID, err
		}
	}
	if err := w.once(&w.Site, add(plant.NewNode{Kind: plant.Site, Name: text.Text{Zh: "一厂", En: "Plant 1"}})); err != nil {
		return err
	}
	if err := w.once(&w.Area, add(plant.NewNode{Kind: plant.Area, Parent: w.Site, Name: text.Text{Zh: "机加工车间", En: "Machining shop"}})); err != nil {
		return err
	}
	if err := w.once(&w.Line, add(plant.NewNode{Kind: plant.Line, Parent: w.Area, Name: text.Text{Zh: "一号线", En: "Line 1"}})); err != nil {
		return err
	}
	for _, m := range demoMachines {
		if err := w.onceIn(w.Machine, m.key, add(plant.NewNode{Kind: plant.Machine, Parent: w.Line, Name: m.name, Template: m.template})); err != nil {
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

// startMachines starts the simulators and the gateway, and tells the node where the simulators listen this time.
func (n *node) startMachines(ctx context.Context, w *world, c *children) error {
	if err := w.once(&w.Gateway, func() (uuid.UUID, error) {
		g, err := n.fleet.Create(ctx, w.home, text.Text{Zh: "一号网关", En: "Gateway 1"}, w.Site)
		return g.ID, err
	}); err != nil {
		return err
	}
	for key, name := range demoLinks {
		args := []string{"sim", "modbus", "--listen", sameOrFree(w.Address[key])}
		for _, m := range demoMachines {
			if m.link == key {
				args = append(args, "--device", fmt.Sprintf("%s=%s@%d", m.unit, m.template, m.row))
			}
		}
		address, err := c.start(ctx, true, nil, args...)
		if err != nil {
			return err
		}
		w.Address[key] = address
		if err := w.save(); err != nil {
			return err
		}
		config, err := json.Marshal(map[string]any{"address": address, "origin": "replayed"})
		if err != nil {
			return err
		}
		if id := w.Link[key]; id != uuid.Nil {
			if _, err := n.fleet.ChangeLink(ctx, id, nil, config, api.IfMatch{}); err != nil {
				return err
			}
			continue
		}
		if err := w.onceIn(w.Link, key, func() (uuid.UUID, error) {
			l, err := n.fleet.AddLink(ctx, w.Gateway, name, "modbus", config)
			return l.ID, err
		}); err != nil {
			return err
		}
	}
	for _, m := range demoMachines {
		if now, err := n.fleet.Connection(ctx, w.Machine[m.key]); err == nil && now.Link == w.Link[m.link] {
			continue
		}
		if _, err := n.fleet.Connect(ctx, w.Machine[m.key], w.Link[m.link], m.unit); err != nil {
			return err
		}
	}
	var env []string
	if v, ok := n.fleet.View(w.Gateway); !ok || v.Enrolled == nil {
		code, err := n.fleet.NewCode(ctx, w.Gateway)
		if err != nil {
			return err
		}
		env = append(env, codeVariable+"="+code.Code)
	}
	_, err := c.start(ctx, false, env, "edge", "--data", filepath.Join(n.cfg.Data, "gateway"), "--journal-max", "512MiB",
		"--link-address", n.linkAddress(), "--log-level", c.level.String())
	return err
}

// sameOrFree returns the address when it can be listened on, so that the gateway finds its machines where it left them,
// and else one with any free port.
func sameOrFree(address string) string {
	if address != "" {
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	return "127.0.0.1:0"
}
