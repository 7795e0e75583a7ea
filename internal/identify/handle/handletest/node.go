package handletest

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"sync"
	"testing"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/client"
	"jingwei/internal/identify/handle/server"
)

// RSAKey is one key for all tests of a process, as making one takes long.
var RSAKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// Secret is the secret key of every test's administrator.
const Secret = "hunter2 经纬"

// KeyValue is a public key as a value.
func KeyValue(index uint32, key crypto.PublicKey) handle.Value {
	data, ok := handle.AppendPublicKey(nil, key)
	if !ok {
		panic("not a key of the protocol")
	}
	return handle.Value{Index: index, Type: handle.TypePublicKey, Data: data, TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}
}

// Text is a value of text that everybody may read.
func Text(index uint32, typ, text string) handle.Value {
	return handle.Value{Index: index, Type: typ, Data: []byte(text), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}
}

// AdminValue gives somebody rights.
func AdminValue(index uint32, rights handle.Rights, who handle.Name, whose uint32) handle.Value {
	return handle.Value{Index: index, Type: handle.TypeAdmin, TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions,
		Data: handle.AppendAdmin(nil, handle.Admin{Rights: rights, Reference: handle.Reference{Handle: who, Index: whose}})}
}

// PutPrefix homes a prefix with an administrator 300 (RSAKey), a secret key 301 (Secret, not public) and an HS_ADMIN 100.
func (s *Shelf) PutPrefix(prefix string) {
	s.mu.Lock()
	s.homed[handle.Name(prefix).Key()] = true
	s.mu.Unlock()
	name := handle.PrefixHandle(prefix)
	secret := Text(301, handle.TypeSecretKey, Secret)
	secret.Permissions = handle.AdminRead | handle.AdminWrite
	s.Put(name, AdminValue(100, handle.AllRights, name, 300), AdminValue(101, handle.AllRights, name, 301),
		KeyValue(300, &RSAKey().PublicKey), secret)
}

// By are the two ways to prove to be the administrator of a prefix.
func By(prefix string) map[string]client.Signer {
	name := handle.PrefixHandle(prefix)
	return map[string]client.Signer{
		"key":    client.Key{Who: handle.Reference{Handle: name, Index: 300}, Private: RSAKey()},
		"secret": client.Secret{Who: handle.Reference{Handle: name, Index: 301}, Secret: []byte(Secret)},
	}
}

// Node is a running server.
type Node struct {
	*server.Server
	Processor *server.Processor
	Desk      *server.Desk
	stop      func()
}

// Start runs a server on loopback until the test ends. Zero fields of the configuration are filled.
func Start(t testing.TB, c server.Config, web func(*Node) http.Handler) *Node {
	t.Helper()
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Key == nil {
		c.Key = RSAKey()
	}
	n := &Node{Processor: server.NewProcessor(c)}
	n.Desk = server.NewDesk(n.Processor)
	var handler http.Handler
	if web != nil {
		handler = web(n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := server.Listen(ctx, n.Desk, server.Addresses{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", HTTP: "127.0.0.1:0"}, handler)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	n.Server = s
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	n.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(n.stop)
	return n
}

// Stop ends the server before the test does.
func (n *Node) Stop() { n.stop() }

// Targets are the node's doors.
func (n *Node) Targets() []client.Target {
	return []client.Target{
		{Protocol: handle.UDP, Address: n.UDP(), Key: &RSAKey().PublicKey},
		{Protocol: handle.TCP, Address: n.TCP(), Key: &RSAKey().PublicKey},
		{Protocol: handle.HTTP, Address: n.HTTP(), Key: &RSAKey().PublicKey},
	}
}

// Site is the node as a site of one server.
func (n *Node) Site(serial uint16) handle.Site {
	key, _ := handle.AppendPublicKey(nil, &RSAKey().PublicKey)
	both := func(p handle.Protocol, port uint16) handle.Interface {
		return handle.Interface{Admin: true, Query: true, Protocol: p, Port: uint32(port)}
	}
	return handle.Site{DataVersion: 1, Version: handle.NewestVersion, Serial: serial, Primary: true, Hash: handle.HashByHandle,
		Servers: []handle.SiteServer{{ID: 1, Address: n.UDP().Addr(), PublicKey: key, Interfaces: []handle.Interface{
			both(handle.UDP, n.UDP().Port()), both(handle.TCP, n.TCP().Port()), both(handle.HTTP, n.HTTP().Port())}}}}
}
