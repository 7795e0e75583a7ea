package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/rest"
	"jingwei/internal/identify/handle/server"
	"jingwei/internal/identify/registry"
	"jingwei/internal/identify/registry/snms"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/module"
	"jingwei/internal/office/register/party"
)

// openRegistry opens what this node holds of identifiers.
func (n *node) openRegistry(ctx context.Context) error {
	trades, err := party.Load(n.packs)
	if err != nil {
		return err
	}
	n.registry, err = registry.New(ctx, registry.Options{
		DB: n.db, FS: n.files, Dir: filepath.Join(n.dir, "identifiers"), Node: n.id, Home: n.home, Book: n.groups, Blobs: n.blobs,
		Jobs:     func() *job.Runner { return n.jobs },
		Industry: func(code string) bool { _, ok := trades.Industries.Name(code); return ok },
		Now:      n.now, Logger: n.log,
	})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, n.registry.Close)
	n.snms, err = snms.New(ctx, snms.Options{DB: n.db, Registry: n.registry, Now: n.now, Logger: n.log})
	return err
}

// handleModules are the registry and, where it is configured, the doors of the Handle protocol.
func (n *node) handleModules() []module.Module {
	all := []module.Module{module.Loop("identifiers", n.registry.Run)}
	if n.doors != nil {
		all = append(all, module.Loop("handle server", n.doors.Run))
	}
	return all
}

// openHandles opens the doors of the Handle protocol that are configured.
func (n *node) openHandles(ctx context.Context) error {
	c := &n.cfg.Handle
	open := func(address string) string {
		if address == "off" {
			return ""
		}
		return address
	}
	at := server.Addresses{UDP: open(c.UDP), TCP: open(c.TCP), HTTP: open(c.HTTP)}
	if at == (server.Addresses{}) {
		return nil
	}
	operators, err := references(c.Operators)
	if err != nil {
		return fmt.Errorf("handle.operators: %w", err)
	}
	key, err := handleKey(n.files, filepath.Join(n.dir, "handle.key"))
	if err != nil {
		return err
	}
	public, ok := handle.AppendPublicKey(nil, &key.PublicKey)
	if !ok {
		return errors.New("the node's handle key is none of the protocol")
	}
	p := server.NewProcessor(server.Config{Holdings: n.registry, Now: n.now, Random: rand.Reader, Key: key, Operators: operators, Log: n.log})
	n.handles = rest.New(rest.Config{Processor: p, Now: n.now, Random: rand.Reader})
	if n.doors, err = server.Listen(ctx, server.NewDesk(p), at, n.handles); err != nil {
		return err
	}
	p.SetSite(n.handleSite(public))
	return nil
}

// handleRoutes puts the Handle protocol's JSON interface beside the node's own, where handles are served: over HTTPS it takes changes too.
func (n *node) handleRoutes() {
	if n.handles == nil {
		return
	}
	for _, pattern := range []string{"/api/handles", "/api/handles/", "/api/prefixes", "/api/sessions", "/api/sessions/", "/api/site"} {
		n.api.Handle(pattern, n.handles)
	}
}

// handleSite is what the node says of itself over the protocol: one primary server with the doors that are open.
func (n *node) handleSite(key []byte) handle.Site {
	address := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if a, err := netip.ParseAddr(n.cfg.Handle.Site); err == nil {
		address = a
	}
	one := handle.SiteServer{ID: 1, Address: address, PublicKey: key}
	for _, door := range []struct {
		at       netip.AddrPort
		protocol handle.Protocol
		admin    bool
	}{{n.doors.UDP(), handle.UDP, false}, {n.doors.TCP(), handle.TCP, true}, {n.doors.HTTP(), handle.HTTP, true}} {
		if door.at.IsValid() {
			one.Interfaces = append(one.Interfaces, handle.Interface{Admin: door.admin, Query: true, Protocol: door.protocol, Port: uint32(door.at.Port())})
		}
	}
	return handle.Site{DataVersion: 1, Version: handle.Version{Major: 2, Minor: 11}, Serial: 1, Primary: true, Hash: handle.HashByHandle,
		Attributes: []handle.Attribute{{Name: "desc", Value: n.cfg.Node.Name}}, Servers: []handle.SiteServer{one}}
}

// references reads administrators, index:handle.
func references(list []string) (out []handle.Reference, err error) {
	for _, s := range list {
		index, name, _ := strings.Cut(strings.TrimSpace(s), ":")
		i, err := strconv.ParseUint(index, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%q: want index:handle, such as 300:0.NA/88.101", s)
		}
		h, err := handle.ParseName(name)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", s, err)
		}
		out = append(out, handle.Reference{Handle: h, Index: uint32(i)})
	}
	return out, nil
}
