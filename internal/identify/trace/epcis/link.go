package epcis

import "strings"

// aiOf are the primary keys and qualifiers of a Digital Link by the names that older links use.
var aiOf = map[string]string{
	"gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "party": "417", "gsrnp": "8017", "gsrn": "8018", "gcn": "255", "sscc": "00",
	"gdti": "253", "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004", "cpv": "22", "lot": "10", "ser": "21", "cpsn": "8011",
}

// primary tells whether an AI is a key, and whether a value fits it: so many leading digits, and at most so many characters
// after them.
var primary = map[string]struct{ digits, more int }{
	"00": {18, 0}, "01": {14, 0}, "8006": {18, 0}, "8010": {0, 30}, "414": {13, 0}, "417": {13, 0}, "8017": {18, 0}, "8018": {18, 0},
	"255": {13, 12}, "253": {13, 17}, "401": {0, 30}, "402": {17, 0}, "8003": {14, 16}, "8004": {0, 30},
}

func ai(segment string) string {
	if code, ok := aiOf[segment]; ok {
		return code
	}
	return segment
}

// canonicalLink reads a Digital Link of any domain.
func canonicalLink(uri string) (string, bool) {
	_, rest, _ := strings.Cut(uri, "://")
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	_, path, ok := strings.Cut(rest, "/")
	if !ok {
		return "", false
	}
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for i := 0; i+1 < len(segments); i++ {
		if _, key := primary[ai(segments[i])]; key {
			if link, ok := keyed(segments[i:]); ok {
				return link, true
			}
		}
	}
	return "", false
}

// keyed reads "key/value/qualifier/value…".
func keyed(s []string) (string, bool) {
	key, value := ai(s[0]), s[1]
	if key == "01" {
		switch len(value) {
		case 8, 12, 13:
			value = strings.Repeat("0", 14-len(value)) + value
		}
	}
	rule := primary[key]
	if len(s)%2 != 0 || len(value) < rule.digits || !digits(value[:rule.digits]) || !escaped(value, 60) {
		return "", false
	}
	more := value[rule.digits:]
	if rule.more == 0 && more != "" || rule.more > 0 && more != "" && !escaped(more, rule.more) || rule.digits == 0 && (len(value) < 4 || !digits(value[:4])) {
		return "", false
	}
	if key == "255" && !digits(more) {
		return "", false
	}
	levels := map[string]string{}
	for i := 2; i < len(s); i += 2 {
		q := ai(s[i])
		allowed := key == "01" && (q == "22" || q == "10" || q == "21" || q == "235") || key == "8006" && (q == "22" || q == "10" || q == "21") ||
			key == "414" && q == "254" || key == "8010" && q == "8011"
		if _, twice := levels[q]; !allowed || twice || !escaped(s[i+1], 28) {
			return "", false
		}
		levels[q] = s[i+1]
	}
	link := resolver + key + "/" + value
	for _, q := range []string{"21", "235", "10", "254", "8011"} { // the finest level alone
		if v, ok := levels[q]; ok {
			return link + "/" + q + "/" + v, true
		}
	}
	return link, true
}

// Class is the class that an identifier belongs to: the trade item of an instance or of a lot. ok is false where it is neither.
// key is canonical.
func Class(key string) (class string, ok bool) {
	rest, ok := strings.CutPrefix(key, resolver)
	if !ok || !strings.HasPrefix(rest, "01/") && !strings.HasPrefix(rest, "8006/") {
		return "", false
	}
	parts := strings.Split(rest, "/")
	return resolver + parts[0] + "/" + parts[1], len(parts) == 4
}
