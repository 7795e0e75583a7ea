package gs1

// coupon reads the fields of a coupon code one after the other; after the first flaw it reads nothing more.
type coupon struct {
	s    string
	at   int
	flaw flaw
}

func (c *coupon) wrong(at, n int, rule Rule) {
	if c.flaw.rule == "" {
		c.flaw = flaw{rule, at, n}
	}
}

// take returns the next n digits, or "" where there are too few.
func (c *coupon) take(n int) string {
	if c.flaw.rule != "" {
		return ""
	}
	if len(c.s)-c.at < n {
		c.wrong(c.at, len(c.s)-c.at, RuleCoupon)
		return ""
	}
	c.at += n
	return c.s[c.at-n : c.at]
}

// code takes one digit that must be among letters.
func (c *coupon) code(letters string) byte {
	d := c.take(1)
	for i := range len(letters) {
		if d != "" && letters[i] == d[0] {
			return d[0]
		}
	}
	c.wrong(c.at-1, 1, RuleCoupon)
	return '0'
}

// sized takes a digit that is among letters and then as many as it says, and more.
func (c *coupon) sized(letters string, more int) string {
	return c.take(int(c.code(letters)-'0') + more)
}

// option tells whether the next field is the optional one of that number, and steps into it.
func (c *coupon) option(number byte) bool {
	if c.flaw.rule != "" || c.at == len(c.s) || c.s[c.at] != number {
		return false
	}
	c.at++
	return true
}

// purchase takes how much is to be bought, in what measure, of which family.
func (c *coupon) purchase() {
	c.sized("12345", 0)
	c.code("012349")
	c.take(3)
}

// company takes a Company Prefix, 9 for none.
func (c *coupon) company() {
	if n := c.code("01234569"); n != '9' {
		c.take(int(n-'0') + 6)
	}
}

func (c *coupon) date() string {
	d := c.take(6)
	if d != "" && lintYymmdd(d).rule != "" {
		c.wrong(c.at-6, 6, RuleCoupon)
	}
	return d
}

func (c *coupon) end() flaw {
	if c.at < len(c.s) {
		c.wrong(c.at, len(c.s)-c.at, RuleCouponTrailing)
	}
	return c.flaw
}

// lintCouponcode checks AI (8110), the North American coupon code.
func lintCouponcode(s string) flaw {
	if i := digits(s); i >= 0 {
		return flaw{RuleCharacter, i, 1}
	}
	c := &coupon{s: s}
	c.sized("0123456", 6) // company
	c.take(6)             // offer
	c.sized("12345", 0)   // saving
	c.purchase()
	if c.option('1') {
		c.code("0123") // how the purchases combine
		c.purchase()
		c.company()
	}
	if c.option('2') {
		c.purchase()
		c.company()
	}
	expires, at := "", c.at
	if c.option('3') {
		expires = c.date()
	}
	if c.option('4') {
		if start := c.date(); expires != "" && start > expires {
			c.wrong(at, c.at-at, RuleCouponDates)
		}
	}
	if c.option('5') {
		c.sized("0123456789", 6) // serial number
	}
	if c.option('6') {
		c.sized("1234567", 6) // retailer
	}
	if c.option('9') {
		c.code("01256") // what kind of saving
		c.code("012")   // on which item
		c.take(1)       // a store's coupon
		c.code("01")    // not to be multiplied
	}
	return c.end()
}

// lintCouponposoffer checks AI (8112), the coupon of a positive offer file.
func lintCouponposoffer(s string) flaw {
	if i := digits(s); i >= 0 {
		return flaw{RuleCharacter, i, 1}
	}
	c := &coupon{s: s}
	c.code("01")
	c.sized("0123456", 6)    // who funds it
	c.take(6)                // offer
	c.sized("0123456789", 6) // serial number
	return c.end()
}
