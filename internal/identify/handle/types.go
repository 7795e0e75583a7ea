package handle

// The types of values that the protocol itself gives a meaning (RFC 3651, section 3.2, and DO-IRP).
const (
	TypeAdmin         = "HS_ADMIN"       // who may do what: DecodeAdmin
	TypeSite          = "HS_SITE"        // a site that serves the handles of a prefix: DecodeSite
	TypeSitePrefix    = "HS_SITE.PREFIX" // a site that serves the prefixes derived from a prefix
	TypeService       = "HS_SERV"        // the handle that holds the HS_SITE values
	TypeServicePrefix = "HS_SERV.PREFIX" // the same for the prefixes derived from a prefix
	TypeAlias         = "HS_ALIAS"       // the handle meant: ask for that
	TypePublicKey     = "HS_PUBKEY"      // a public key: DecodePublicKey
	TypeSecretKey     = "HS_SECKEY"      // a secret key, never public
	TypeVList         = "HS_VLIST"       // a list of references, such as a group of administrators: DecodeVList
	TypeNamespace     = "HS_NAMESPACE"   // namespace information, XML or JSON text
	TypeCertificate   = "HS_CERT"        // a certificate: JWT text
	TypeSignature     = "HS_SIGNATURE"   // a signature over values of the same handle: JWS text
)

// TypeMatches reports whether a value's type is one that was asked for: the same, or, when what was asked for ends with a
// dot, one that begins with it or is it without the dot ("HS_SITE." matches HS_SITE.6 and HS_SITE). ASCII case is folded.
func TypeMatches[T ~string | ~[]byte](typ, asked T) bool {
	n := len(asked)
	if n > 0 && asked[n-1] == '.' {
		return len(typ) == n-1 && foldedEqual(typ, asked[:n-1]) || len(typ) >= n && foldedEqual(typ[:n], asked)
	}
	return len(typ) == n && foldedEqual(typ, asked)
}

func foldedEqual[T ~string | ~[]byte](a, b T) bool {
	for i := range len(a) {
		if fold(a[i]) != fold(b[i]) {
			return false
		}
	}
	return true
}
