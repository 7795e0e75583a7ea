package gs1

// CheckDigit returns the digit that makes body a GTIN, GLN, SSCC, GSRN or another number with a check digit in its last place
// (General Specifications, section 7.9.1). body is digits, without that place.
func CheckDigit(body string) byte {
	sum, weight := 0, 3
	for i := len(body) - 1; i >= 0; i-- {
		sum += weight * int(body[i]-'0')
		weight = 4 - weight
	}
	return '0' + byte((10-sum%10)%10)
}

// primes weigh the characters of a value from its end; a value of the longest kind (90) has fewer.
var primes = [...]int{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
	127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239, 241, 251, 257, 263, 269, 271,
	277, 281, 283, 293, 307, 311, 313, 317, 331, 337, 347, 349, 353, 359, 367, 373, 379, 383, 389, 397, 401, 409, 419, 421, 431, 433, 439, 443,
	449, 457, 461, 463, 467, 479, 487, 491, 499, 503, 509}

// inCheckPair are the characters of a check pair by value.
const inCheckPair = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// CheckPair returns the two characters that end a Global Model Number (General Specifications, section 7.9.5). body is of CSET 82,
// at most 97 characters, without the pair; false when it is not.
func CheckPair(body string) (string, bool) {
	if len(body) > len(primes) {
		return "", false
	}
	sum := 0
	for i := range len(body) {
		v := value82(body[i])
		if v < 0 {
			return "", false
		}
		sum += v * primes[len(body)-1-i]
	}
	sum %= 1021
	return string([]byte{inCheckPair[sum>>5], inCheckPair[sum&31]}), true
}

// value82 is the place of a character in CSET 82, or -1.
func value82(c byte) int {
	for i := range len(in82) {
		if in82[i] == c {
			return i
		}
	}
	return -1
}
