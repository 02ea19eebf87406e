package ballot

import (
	"crypto/subtle"
	"fmt"
)

// What the rules' fill and read have in common. Nothing here branches on, or reads memory at, what a
// vote says of which option.

// place returns, for each of the options that a vote names, a row that is 1 at its place among the
// question's options and 0 elsewhere. All must exist and differ.
func place(options []Option, named []OptionID) ([][]uint8, error) {
	var out [][]uint8
	all, twice := make([]uint8, len(options)), uint8(0)
	for _, id := range named {
		row := make([]uint8, len(options))
		found := uint8(0)
		for i, o := range options {
			row[i] = equalID(o.ID, id)
			found |= row[i]
			twice |= all[i] & row[i]
			all[i] |= row[i]
		}
		switch {
		case found == 0:
			return nil, fmt.Errorf("%w: the question has no such option", ErrVote)
		case twice != 0:
			return nil, fmt.Errorf("%w: an option twice", ErrVote)
		}
		out = append(out, row)
	}
	return out, nil
}

// mark sets the bits of the options named, which must exist and differ.
func mark(bits []uint8, options []Option, named []OptionID) error {
	places, err := place(options, named)
	for _, row := range places {
		for i, is := range row {
			bits[i] |= is
		}
	}
	return err
}

func marked(bits []uint8, options []Option) []OptionID {
	var out []OptionID
	for i, o := range options {
		if bits[i] == 1 {
			out = append(out, o.ID)
		}
	}
	return out
}

// equalID returns 1 if a = b, else 0, comparing all of a.
func equalID[ID ~string](a, b ID) uint8 {
	if len(a) != len(b) {
		return 0
	}
	var d uint8
	for i := range len(a) {
		d |= a[i] ^ b[i]
	}
	return uint8((uint16(d) - 1) >> 15)
}

// checkNumber refuses a vote that names fewer or more options than the rule allows.
func checkNumber(n, least, most int, done string) error {
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	switch {
	case n > most:
		return fmt.Errorf("%w: %s %s %s, at most %d may be", ErrVote, number(n, "option"), verb, done, most)
	case n < least:
		return fmt.Errorf("%w: %s %s %s, at least %d must be", ErrVote, number(n, "option"), verb, done, least)
	}
	return nil
}

func number[N int | int64](n N, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprint(n, " ", of, "s")
}

// amounts returns what a vote gives each of the question's options, 0 to those that it leaves out,
// none of it (in an error it is called so) below 0 or above most.
func amounts(options []Option, v Vote, called string, most int) ([]int, error) {
	places, err := place(options, v.options)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(options))
	for k, a := range v.amounts {
		if a < 0 || a > most {
			return nil, fmt.Errorf("%w: the %s %d, 0 to %d may be given", ErrVote, called, a, most)
		}
		for i, is := range places[k] {
			out[i] += int(is) * a
		}
	}
	return out, nil
}

func readAmounts(options []Option, value func(i int) int) map[OptionID]int {
	out := map[OptionID]int{}
	for i, o := range options {
		out[o.ID] = value(i)
	}
	return out
}

// fillNumbers sets the bits of numbers 0 .. most, each made by slack(most), and returns the others.
func fillNumbers(bits []uint8, values []int, most int) (rest []uint8) {
	width := len(slackCoefficients(uint64(most)))
	for _, v := range values {
		fillSlack(bits[:width], uint64(most), uint64(v))
		bits = bits[width:]
	}
	return bits
}

// readNumbers is the inverse of fillNumbers.
func readNumbers(bits []uint8, options []Option, most int) map[OptionID]int {
	coefficients := slackCoefficients(uint64(most))
	return readAmounts(options, func(i int) int {
		v := 0
		for j, c := range coefficients {
			v += int(bits[i*len(coefficients)+j]) * int(c)
		}
		return v
	})
}

// fillRows sets in rows of most + 1 bits those number 0 .. most, and returns the others.
func fillRows(bits []uint8, values []int, most int) (rest []uint8) {
	for _, v := range values {
		for j := range most + 1 {
			bits[j] = uint8(subtle.ConstantTimeEq(int32(j), int32(v)))
		}
		bits = bits[most+1:]
	}
	return bits
}

// readRows is the inverse of fillRows.
func readRows(bits []uint8, options []Option, most int) map[OptionID]int {
	return readAmounts(options, func(i int) int {
		v := 0
		for j := range most + 1 {
			v += int(bits[i*(most+1)+j]) * j
		}
		return v
	})
}

// fillNone sets the bit "none of the row" of each row of a matrix, which adds up to at most 1.
func fillNone(none, matrix []uint8, columns int) {
	for i := range len(matrix) / columns {
		none[i] = 1
		for _, b := range matrix[i*columns:][:columns] {
			none[i] -= b
		}
	}
}

// fillSlack sets the bits that slack(most) made to the value v <= most: the remainder if v
// exceeds what the powers of two add up to, then v in binary.
func fillSlack(slack []uint8, most, v uint64) {
	if len(slack) == 0 {
		return
	}
	last := len(slack) - 1
	powers := uint64(1)<<last - 1
	top := (powers - v) >> 63 // 1 if v > powers
	slack[last] = uint8(top)
	v -= top * (most - powers)
	for i := range last {
		slack[i] = uint8(v >> i & 1)
	}
}
