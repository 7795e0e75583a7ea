package rest

import (
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 keys of administrators in the field are DSA keys too
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"

	"jingwei/internal/identify/handle"
)

type siteJSON struct {
	Version         uint16          `json:"version"`
	ProtocolVersion string          `json:"protocolVersion"`
	SerialNumber    uint16          `json:"serialNumber"`
	PrimarySite     bool            `json:"primarySite"`
	MultiPrimary    bool            `json:"multiPrimary"`
	HashOption      *uint8          `json:"hashOption,omitempty"` // 0 prefix, 1 suffix; left out for the whole handle
	HashFilter      string          `json:"hashFilter,omitempty"`
	Attributes      []attributeJSON `json:"attributes"`
	Servers         []serverJSON    `json:"servers"`
}

type attributeJSON struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type serverJSON struct {
	ServerID   uint32          `json:"serverId"`
	Address    string          `json:"address"`
	PublicKey  *Data           `json:"publicKey,omitempty"`
	Interfaces []interfaceJSON `json:"interfaces"`
}

type interfaceJSON struct {
	Query    bool   `json:"query"`
	Admin    bool   `json:"admin"`
	Protocol string `json:"protocol"`
	Port     uint32 `json:"port"`
}

func siteOf(s handle.Site) siteJSON {
	j := siteJSON{Version: s.DataVersion, ProtocolVersion: s.Version.String(), SerialNumber: s.Serial, PrimarySite: s.Primary,
		MultiPrimary: s.MultiPrimary, HashFilter: s.HashFilter, Attributes: []attributeJSON{}, Servers: []serverJSON{}}
	if o := uint8(s.Hash); s.Hash != handle.HashByHandle {
		j.HashOption = &o
	}
	for _, a := range s.Attributes {
		j.Attributes = append(j.Attributes, attributeJSON(a))
	}
	for _, sv := range s.Servers {
		server := serverJSON{ServerID: sv.ID, Address: sv.Address.String()}
		if k, ok := keyOf(sv.PublicKey); ok {
			d := data("key", k)
			server.PublicKey = &d
		}
		for _, f := range sv.Interfaces {
			server.Interfaces = append(server.Interfaces, interfaceJSON{Query: f.Query, Admin: f.Admin, Protocol: f.Protocol.String(), Port: f.Port})
		}
		j.Servers = append(j.Servers, server)
	}
	return j
}

func siteBytes(raw json.RawMessage) ([]byte, error) {
	var j siteJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, err
	}
	s := handle.Site{DataVersion: 1, Serial: j.SerialNumber, Primary: j.PrimarySite, MultiPrimary: j.MultiPrimary, HashFilter: j.HashFilter, Hash: handle.HashByHandle}
	if _, err := fmt.Sscanf(j.ProtocolVersion, "%d.%d", &s.Version.Major, &s.Version.Minor); err != nil {
		return nil, fmt.Errorf("protocolVersion %q: such as 2.11", j.ProtocolVersion)
	}
	if j.HashOption != nil {
		if s.Hash = handle.HashOption(*j.HashOption); s.Hash > handle.HashByHandle {
			return nil, fmt.Errorf("hashOption %d: 0 prefix, 1 suffix, 2 handle", s.Hash)
		}
	}
	for _, a := range j.Attributes {
		s.Attributes = append(s.Attributes, handle.Attribute(a))
	}
	for _, sv := range j.Servers {
		address, err := netip.ParseAddr(sv.Address)
		if err != nil {
			return nil, fmt.Errorf("address %q: an IP address", sv.Address)
		}
		server := handle.SiteServer{ID: sv.ServerID, Address: address}
		if sv.PublicKey != nil {
			if server.PublicKey, err = sv.PublicKey.bytes(); err != nil {
				return nil, err
			}
		}
		for _, f := range sv.Interfaces {
			p, ok := protocolOf(f.Protocol)
			if !ok {
				return nil, fmt.Errorf("protocol %q: UDP, TCP, HTTP or HTTPS", f.Protocol)
			}
			server.Interfaces = append(server.Interfaces, handle.Interface{Query: f.Query, Admin: f.Admin, Protocol: p, Port: f.Port})
		}
		s.Servers = append(s.Servers, server)
	}
	return handle.AppendSite(nil, s), nil
}

func protocolOf(s string) (handle.Protocol, bool) {
	for p := handle.UDP; p <= handle.HTTPS; p++ {
		if p.String() == s {
			return p, true
		}
	}
	return 0, false
}

// keyJSON is a public key as a JSON Web Key (RFC 7517), with DSA in the same manner.
type keyJSON struct {
	Kty string `json:"kty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
	Y   string `json:"y,omitempty"`
	P   string `json:"p,omitempty"`
	Q   string `json:"q,omitempty"`
	G   string `json:"g,omitempty"`
}

func keyOf(b []byte) (keyJSON, bool) {
	key, err := handle.DecodePublicKey(b)
	if err != nil {
		return keyJSON{}, false
	}
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	switch k := key.(type) {
	case *rsa.PublicKey:
		return keyJSON{Kty: "RSA", N: number(k.N), E: number(big.NewInt(int64(k.E)))}, true
	case *dsa.PublicKey:
		return keyJSON{Kty: "DSA", Y: number(k.Y), P: number(k.P), Q: number(k.Q), G: number(k.G)}, true
	}
	return keyJSON{}, false
}

func keyBytes(raw json.RawMessage) ([]byte, error) {
	var j keyJSON
	if err := json.Unmarshal(raw, &j); err != nil {
		return nil, err
	}
	var wrong error
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(b) == 0 || len(b) > handle.MaxKeyBits/8 {
			wrong = errors.New("numbers of keys are in base64url, of at most 8192 bits")
		}
		return new(big.Int).SetBytes(b)
	}
	var key crypto.PublicKey
	switch j.Kty {
	case "RSA":
		e := number(j.E)
		if !e.IsInt64() || e.Int64() > 1<<31-1 {
			return nil, errors.New("e: at most 2147483647")
		}
		key = &rsa.PublicKey{N: number(j.N), E: int(e.Int64())}
	case "DSA":
		key = &dsa.PublicKey{Parameters: dsa.Parameters{P: number(j.P), Q: number(j.Q), G: number(j.G)}, Y: number(j.Y)}
	default:
		return nil, fmt.Errorf("kty %q: RSA or DSA", j.Kty)
	}
	if wrong != nil {
		return nil, wrong
	}
	b, _ := handle.AppendPublicKey(nil, key)
	return b, nil
}
