package gs1

import "strings"

// Form is what kind of writing was read.
type Form string

// The forms.
const (
	FormElements    Form = "element-string" // run together, with FNC1
	FormBracketed   Form = "bracketed"      // with brackets around the AIs
	FormGTIN        Form = "gtin"           // 8, 12, 13 or 14 digits
	FormDigitalLink Form = "digital-link"
	FormPlain       Form = "plain" // what a scanner read is not GS1's
)

// Reading is what was read from a scanner or typed by a person.
type Reading struct {
	Form      Form
	Symbology string // symbology identifier (ISO/IEC 15424) without "]", such as "C1"; "" when none was sent
	Elements  Elements
	Link      *Link  // of a Digital Link
	Plain     string // where the form is plain
}

// symbology is how a symbology identifier is to be read.
type symbology uint8

const (
	unsupported symbology = iota
	elementData           // element strings
	plainData             // a web address or anything else
	gtin8
	gtin13
	gtin14
)

// symbologyOf knows the identifiers of General Specifications, figure 5.1.2-2.
func symbologyOf(id string) symbology {
	switch id {
	case "C1", "e0", "d2", "Q3", "J1": // GS1-128, DataBar and composites, DataMatrix, QR, DotCode
		return elementData
	case "d1", "Q1", "J0":
		return plainData
	case "E0": // EAN-13, UPC-A, UPC-E as 13 digits
		return gtin13
	case "E4":
		return gtin8
	case "I1": // ITF-14
		return gtin14
	}
	return unsupported
}

// composite begins the second message of an EAN or UPC symbol with a 2D component.
const composite = "|]e0"

// ParseScan reads what a scanner sends: a symbology identifier and data, GS for FNC1. GTINs are padded to 14 digits.
func ParseScan(s string) (Reading, error) {
	if len(s) > maxInput {
		return Reading{}, about(s, maxInput, len(s)-maxInput, RuleTooLarge)
	}
	if len(s) < 3 || s[0] != ']' {
		return Reading{}, about(s, 0, min(3, len(s)), RuleSymbology)
	}
	r := Reading{Symbology: s[1:3], Form: FormElements}
	data, err := s[3:], error(nil)
	switch symbologyOf(r.Symbology) {
	case elementData:
		r.Elements, err = ParseElements(data)
	case plainData:
		if !isURI(data) {
			r.Form, r.Plain = FormPlain, data
			break
		}
		r.Form = FormDigitalLink
		r.Link, r.Elements, err = readLink(data)
	case gtin8:
		err = r.primary(data, 8)
	case gtin13:
		err = r.primary(data, 13)
	case gtin14:
		err = r.primary(data, 14)
	default:
		err = about(s, 0, 3, RuleSymbology)
	}
	if err != nil {
		return Reading{}, err
	}
	return r, nil
}

// primary reads the digits of a retail symbol and what may be printed above it.
func (r *Reading) primary(data string, n int) error {
	first, second, two := strings.Cut(data, composite)
	if len(first) != n {
		return about(first, 0, len(first), RulePrimary)
	}
	gtin, err := GTIN14(first)
	if err != nil {
		return err
	}
	r.Elements = Elements{{"01", gtin, Lookup("01")}}
	if two {
		rest, err := ParseElements(second)
		if err != nil {
			return err
		}
		r.Elements = append(r.Elements, rest...)
	}
	return nil
}

// GTIN14 pads a GTIN-8, GTIN-12 or GTIN-13 with noughts to 14 digits and checks it.
func GTIN14(s string) (string, error) {
	switch len(s) {
	case 8, 12, 13, 14:
	default:
		return "", about(s, 0, len(s), RuleTooShort).of("01")
	}
	if i := digits(s); i >= 0 {
		return "", about(s, i, 1, RuleCharacter).of("01")
	}
	e, err := Of("01", strings.Repeat("0", 14-len(s))+s)
	if err != nil {
		return "", err
	}
	return e.Value, nil
}

// Parse reads whatever a person may paste or a scanner send: scan data, a Digital Link, a bracketed or plain element string, a GTIN.
func Parse(s string) (Reading, error) {
	switch {
	case s == "":
		return Reading{}, &Fault{Rule: RuleEmpty}
	case s[0] == ']':
		return ParseScan(s)
	case s[0] == '(':
		es, err := ParseBracketed(s)
		return Reading{Form: FormBracketed, Elements: es}, err
	case isURI(s):
		l, es, err := readLink(s)
		return Reading{Form: FormDigitalLink, Link: l, Elements: es}, err
	case digits(s) < 0 && (len(s) == 8 || len(s) == 12 || len(s) == 13 || len(s) == 14):
		gtin, err := GTIN14(s)
		if err != nil {
			return Reading{}, err
		}
		return Reading{Form: FormGTIN, Elements: Elements{{"01", gtin, Lookup("01")}}}, nil
	}
	es, err := ParseElements(strings.TrimPrefix(s, string(Separator)))
	return Reading{Form: FormElements, Elements: es}, err
}

func readLink(s string) (*Link, Elements, error) {
	l, err := Read(s)
	if err != nil {
		return nil, nil, err
	}
	return l, l.Elements, nil
}
