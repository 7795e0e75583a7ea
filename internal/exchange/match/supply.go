package match

import (
	"strings"

	"github.com/google/uuid"
)

// Supply is something that a provider offers, as the matcher sees it.
type Supply struct {
	ID       uuid.UUID
	Register string // capabilities, solutions, products, apps, consultancies
	Code     string // its key there
	Revision int64
	Provider uuid.UUID // zero where it is not an organisation of this node
	// ProviderCode finds the provider in the pool; "" where it is not known.
	ProviderCode string
	ProviderName string
	Title        string
	Words        string   // all texts that count
	Kinds        []string // of needs that it meets
	Trades       []string // GB/T 4754 without the letter's zeroes, such as C29 or C2927; none: any
	Regions      []string // GB/T 2260; none: the whole country
	Sizes        []string // none: any
	Protocols    []string // in normal form
	Ways         []string // of cooperating; none: purchase
	From, To     *int64   // price in fen
	Cases        []Case
	Rating       *int64 // of its provider, 0 to 100; nil while there is none
	Standing     string // id; "" while there is none
	// Barred are credit codes of firms that the provider keeps away from, for a declared conflict of interest.
	Barred []string
}

// Case shows that something was done.
type Case struct {
	ID    uuid.UUID
	Title string
	Trade string
	Kinds []string
	Year  int64
}

// Want is a need as the matcher sees it.
type Want struct {
	ID        uuid.UUID
	Org       uuid.UUID // who needs it
	Code      string    // its credit code
	Kind      string
	Title     string
	Words     string
	Trade     string
	Region    string
	Size      string
	From, To  *int64 // budget in fen
	Protocols []string
	Ways      []string
	// Related are organisations that own the needing one or are owned by it.
	Related []uuid.UUID
	// Excluded are providers with whom the firm will not deal.
	Excluded []uuid.UUID
}

// division is the two-digit trade of a code of GB/T 4754, whatever way it is written: C36, 3670 and C3670 are all 36.
func division(trade string) string {
	d := digits(trade)
	if len(d) < 2 {
		return ""
	}
	return d[:2]
}

func digits(trade string) string {
	return strings.TrimLeft(trade, "ABCDEFGHIJKLMNOPQRSTabcdefghijklmnopqrst")
}

// province and city are the parts of a code of GB/T 2260.
func province(region string) string { return head(region, 2) }
func city(region string) string     { return head(region, 4) }

func head(s string, n int) string {
	if len(s) < n {
		return ""
	}
	return s[:n]
}
