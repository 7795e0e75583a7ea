package handle

import (
	"crypto/md5" // the protocol's way to spread handles over servers; nothing is proved by it
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
)

// HashOption says which part of a handle chooses the server of a site.
type HashOption uint8

// The parts by which a server is chosen.
const (
	HashByPrefix HashOption = 0
	HashBySuffix HashOption = 1
	HashByHandle HashOption = 2
)

// Protocol is how an interface is spoken to.
type Protocol uint8

// The protocols of interfaces.
const (
	UDP   Protocol = 0
	TCP   Protocol = 1
	HTTP  Protocol = 2
	HTTPS Protocol = 3
)

// String is the protocol's usual name, such as "UDP".
func (p Protocol) String() string {
	switch p {
	case UDP:
		return "UDP"
	case TCP:
		return "TCP"
	case HTTP:
		return "HTTP"
	case HTTPS:
		return "HTTPS"
	}
	return "unknown"
}

// Site is the data of an HS_SITE value: one group of servers over which the handles of a prefix are spread.
type Site struct {
	DataVersion  uint16 // 1
	Version      Version
	Serial       uint16 // goes up with each change
	Primary      bool   // takes changes
	MultiPrimary bool
	Hash         HashOption
	HashFilter   string
	Attributes   []Attribute
	Servers      []SiteServer
}

// Attribute is a named text of a site, such as "desc".
type Attribute struct{ Name, Value string }

// SiteServer is one server of a site.
type SiteServer struct {
	ID         uint32
	Address    netip.Addr
	PublicKey  []byte // DecodePublicKey; empty when the server does not sign
	Interfaces []Interface
}

// Interface is a door of a server.
type Interface struct {
	Admin, Query bool
	Protocol     Protocol
	Port         uint32 // 1..65535
}

// AppendSite appends the data of an HS_SITE value.
func AppendSite(dst []byte, s Site) []byte {
	be := binary.BigEndian
	dst = be.AppendUint16(dst, s.DataVersion)
	dst = append(dst, s.Version.Major, s.Version.Minor)
	dst = be.AppendUint16(dst, s.Serial)
	var mask byte
	if s.Primary {
		mask |= 0x80
	}
	if s.MultiPrimary {
		mask |= 0x40
	}
	dst = append(dst, mask, byte(s.Hash))
	dst = appendStr(dst, s.HashFilter)
	dst = be.AppendUint32(dst, uint32(len(s.Attributes)))
	for _, a := range s.Attributes {
		dst = appendStr(appendStr(dst, a.Name), a.Value)
	}
	dst = be.AppendUint32(dst, uint32(len(s.Servers)))
	for _, sv := range s.Servers {
		dst = be.AppendUint32(dst, sv.ID)
		dst = appendAddress(dst, sv.Address)
		dst = appendStr(dst, sv.PublicKey)
		dst = be.AppendUint32(dst, uint32(len(sv.Interfaces)))
		for _, f := range sv.Interfaces {
			var kind byte
			if f.Admin {
				kind |= 1
			}
			if f.Query {
				kind |= 2
			}
			dst = append(dst, kind, byte(f.Protocol))
			dst = be.AppendUint32(dst, f.Port)
		}
	}
	return dst
}

// appendAddress writes an IPv4 address after 12 zero bytes, an IPv6 address as it is.
func appendAddress(dst []byte, a netip.Addr) []byte {
	a = a.Unmap()
	var b [16]byte
	if a.Is4() {
		v4 := a.As4()
		copy(b[12:], v4[:])
	} else if a.Is6() {
		b = a.As16()
	}
	return append(dst, b[:]...)
}

func decodeAddress(p []byte) netip.Addr {
	a := netip.AddrFrom16([16]byte(p)).Unmap()
	if a.Is6() && !slices.ContainsFunc(p[:12], func(c byte) bool { return c != 0 }) && p[12] != 0 {
		return netip.AddrFrom4([4]byte(p[12:]))
	}
	return a
}

// DecodeSite reads the data of an HS_SITE value; bytes after it are passed over. The error is a *FormatError.
func DecodeSite(b []byte) (Site, error) {
	r := reader{b: b}
	var s Site
	s.DataVersion = r.u16("site data version")
	s.Version = Version{r.u8("site protocol version"), r.u8("site protocol version")}
	s.Serial = r.u16("site serial")
	mask := r.u8("primary mask")
	s.Primary, s.MultiPrimary = mask&0x80 != 0, mask&0x40 != 0
	s.Hash = HashOption(r.u8("hash option"))
	if r.err == nil && s.Hash > HashByHandle {
		r.fail(malformed("hash option", s.Hash, "0 prefix, 1 suffix, 2 handle"))
	}
	s.HashFilter = string(r.str("hash filter", MaxName))
	for range r.count("number of attributes", MaxAttributes, 8) {
		s.Attributes = append(s.Attributes, Attribute{Name: string(r.str("attribute", MaxType)), Value: string(r.str("attribute value", MaxName))})
	}
	for range r.count("number of servers", MaxServers, 28) {
		s.Servers = append(s.Servers, r.siteServer())
	}
	if r.err != nil {
		return Site{}, r.err
	}
	return s, nil
}

func (r *reader) siteServer() SiteServer {
	sv := SiteServer{ID: r.u32("server id")}
	if p := r.take("server address", 16); p != nil {
		sv.Address = decodeAddress(p)
	}
	if key := r.str("server key", MaxKey); len(key) > 0 {
		sv.PublicKey = slices.Clone(key)
	}
	for range r.count("number of interfaces", MaxInterfaces, 6) {
		kind, protocol := r.u8("interface type"), Protocol(r.u8("interface protocol"))
		f := Interface{Admin: kind&1 != 0, Query: kind&2 != 0, Protocol: protocol, Port: r.u32("interface port")}
		if r.err == nil && (f.Port == 0 || f.Port > 65535) {
			r.fail(malformed("interface port", f.Port, "1 to 65535"))
		}
		sv.Interfaces = append(sv.Interfaces, f)
	}
	return sv
}

// Hash is the number by which a handle chooses its server: the last four bytes of the MD5 of the folded part, as a signed
// number without its sign. The one number that has no positive counterpart, -2³¹, counts as 2³¹.
func Hash(option HashOption, name Name) uint32 {
	part := string(name)
	switch option {
	case HashByPrefix:
		part = name.Prefix()
	case HashBySuffix:
		part = name.Suffix()
	}
	sum := md5.Sum(Fold(nil, []byte(part)))
	return hashNumber(sum)
}

func hashNumber(sum [md5.Size]byte) uint32 {
	n := int32(binary.BigEndian.Uint32(sum[12:]))
	if n < 0 {
		return uint32(-int64(n))
	}
	return uint32(n)
}

// Server is the server of the site that answers for a handle; false when the site has none.
func (s Site) Server(name Name) (SiteServer, bool) {
	if len(s.Servers) == 0 {
		return SiteServer{}, false
	}
	return s.Servers[int(uint64(Hash(s.Hash, name))%uint64(len(s.Servers)))], true
}

// Description is the site's attribute "desc", or empty.
func (s Site) Description() string {
	for _, a := range s.Attributes {
		if strings.EqualFold(a.Name, "desc") {
			return a.Value
		}
	}
	return ""
}
