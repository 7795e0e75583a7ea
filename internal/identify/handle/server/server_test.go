package server_test

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
	"jingwei/internal/identify/handle/handletest"
	"jingwei/internal/identify/handle/server"
	"time"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t testing.TB, shelf *handletest.Shelf, limits server.Limits) *handletest.Node {
	n := handletest.Start(t, server.Config{Holdings: shelf, Limits: limits,
		Operators: []handle.Reference{{Handle: "0.NA/88.1", Index: 300}, {Handle: "0.NA/88.1", Index: 301}}}, nil)
	n.Processor.SetSite(n.Site(3))
	return n
}

func ask() *client.Client { return &client.Client{Now: time.Now} }

func code(err error) handle.Code {
	var f *handle.Refusal
	switch {
	case err == nil:
		return handle.Success
	case errors.As(err, &f):
		return f.Code
	}
	return 0
}

func TestResolutionOverEveryDoor(t *testing.T) {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	shelf.Put("88.1/Pump", handletest.Text(1, "URL", "https://example.org/泵"), handletest.Text(2, "EMAIL", "a@b.c"))
	n := start(t, shelf, server.Limits{})
	for _, target := range n.Targets() {
		name, values, err := ask().Resolve(t.Context(), target, handle.Question{Name: "88.1/pump"}, 0, nil)
		if err != nil || name != "88.1/Pump" || len(values) != 2 || string(values[0].Data) != "https://example.org/泵" {
			t.Errorf("%v: %v %v %v", target, name, values, err)
		}
		for q, want := range map[string]handle.Code{"88.1/nothing": handle.NotFound, "99/x": handle.NotResponsible, "0.NA/99": handle.NotResponsible} {
			if _, _, err := ask().Resolve(t.Context(), target, handle.Question{Name: handle.Name(q)}, 0, nil); code(err) != want {
				t.Errorf("%v %s: %v, want %v", target, q, err, want)
			}
		}
		if site, err := ask().Site(t.Context(), target); err != nil || site.Serial != 3 || len(site.Servers) != 1 {
			t.Errorf("%v: site %+v %v", target, site, err)
		}
	}
}

func TestChangesOverEveryDoor(t *testing.T) {
	shelf := handletest.NewShelf()
	shelf.PutPrefix("88.1")
	n := start(t, shelf, server.Limits{})
	ctx := context.Background()
	for how, by := range handletest.By("88.1") {
		for _, target := range n.Targets() {
			t.Run(how+" "+target.Protocol.String(), func(t *testing.T) {
				c := ask()
				name := handle.Name("88.1/" + how + target.Protocol.String())
				must := func(what string, err error, want handle.Code) {
					t.Helper()
					if code(err) != want {
						t.Fatalf("%s: %v, want %v", what, err, want)
					}
				}
				_, err := c.Create(ctx, target, name, []handle.Value{handletest.Text(1, "URL", "a")}, 0, by)
				must("create", err, handle.Success)
				_, err = c.Create(ctx, target, name, []handle.Value{handletest.Text(1, "URL", "a")}, 0, by)
				must("create again", err, handle.AlreadyExists)
				_, err = c.Create(ctx, target, name, []handle.Value{handletest.Text(1, "URL", "b")}, handle.FlagOverwrite, by)
				must("overwrite", err, handle.Success)
				must("add", c.Change(ctx, target, handle.AddValue, name, []handle.Value{handletest.Text(2, "EMAIL", "x")}, 0, by), handle.Success)
				must("add again", c.Change(ctx, target, handle.AddValue, name, []handle.Value{handletest.Text(2, "EMAIL", "x")}, 0, by), handle.ValueExists)
				must("modify", c.Change(ctx, target, handle.ModifyValue, name, []handle.Value{handletest.Text(2, "EMAIL", "y")}, 0, by), handle.Success)
				must("modify none", c.Change(ctx, target, handle.ModifyValue, name, []handle.Value{handletest.Text(9, "EMAIL", "y")}, 0, by), handle.ValueNotFound)
				_, values, err := c.Resolve(ctx, target, handle.Question{Name: name, Indexes: []uint32{2}}, 0, nil)
				must("resolve", err, handle.Success)
				if len(values) != 1 || string(values[0].Data) != "y" {
					t.Fatalf("%+v", values)
				}
				must("remove", c.Remove(ctx, target, name, []uint32{2}, by), handle.Success)
				must("remove again", c.Remove(ctx, target, name, []uint32{2}, by), handle.ValueNotFound)
				names, err := c.List(ctx, target, handle.ListHandles, "0.NA/88.1", by)
				must("list", err, handle.Success)
				if len(names) != 1 || names[0] != name {
					t.Fatal(names)
				}
				must("delete", c.ByName(ctx, target, handle.DeleteHandle, name, by), handle.Success)
				_, _, err = c.Resolve(ctx, target, handle.Question{Name: name}, 0, nil)
				must("resolve deleted", err, handle.NotFound)
				made, err := c.Create(ctx, target, "88.1/", []handle.Value{handletest.Text(1, "URL", "m")}, handle.FlagMint, by)
				must("mint", err, handle.Success)
				must("delete minted", c.ByName(ctx, target, handle.DeleteHandle, made, by), handle.Success)
				must("home", c.ByName(ctx, target, handle.HomePrefix, "0.NA/88.9", by), handle.Success)
				homed, err := c.List(ctx, target, handle.ListHomed, "", by)
				must("list homed", err, handle.Success)
				if len(homed) != 2 {
					t.Fatal(homed)
				}
				must("unhome", c.ByName(ctx, target, handle.UnhomePrefix, "0.NA/88.9", by), handle.Success)
			})
		}
	}
}
