package census

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
)

// maxLine bounds a line of an imported text, in bytes. A commitment and a weight leave room for spaces.
const maxLine = 256

// BuildCSV makes the census of the members that [CSV] reads, a weighted one if there is a column of
// weights. It is otherwise like Build, except that errors name lines.
func BuildCSV(ctx context.Context, depth int, in io.Reader) (*Tree, error) {
	return build(ctx, &Tree{depth: depth}, CSV(in), 2)
}

// BuildJSONLines makes the census of the members that [JSONLines] reads, a weighted one if they
// have weights. It is otherwise like Build, except that errors name lines.
func BuildJSONLines(ctx context.Context, depth int, in io.Reader) (*Tree, error) {
	return build(ctx, &Tree{depth: depth}, JSONLines(in), 1)
}

// CSV reads members from lines of text. The first line is the header, commitment or commitment,weight;
// every other is a member: the commitment in decimal and, after a comma, the weight, 1 to 2^40 - 1. There are
// no quotes, no spaces and no empty lines. Each line, the last one too, ends in a line feed, with or
// without a carriage return before it: a text that ends otherwise may have lost its end.
//
// The sequence ends with its first error, which names the line, and is read once.
func CSV(in io.Reader) iter.Seq2[Member, error] {
	weighted := false
	return records(in, func(line int, text []byte) (m Member, err error) {
		if line == 1 {
			weighted = string(text) == "commitment,weight"
			if !weighted && string(text) != "commitment" {
				err = fmt.Errorf("%q in place of the header, commitment or commitment,weight", text)
			}
			return m, err
		}
		commitment, weight, found := bytes.Cut(text, []byte(","))
		if found != weighted {
			return m, errors.New("another number of columns than the header's")
		}
		if m.Commitment, err = parseCommitment(commitment); err == nil && weighted {
			m.Weight, err = parseWeight(weight)
		}
		return m, err
	})
}

// JSONLines reads members from lines of text, each of them a JSON object:
//
//	{"commitment":"123","weight":5}
//
// The commitment is a decimal number in quotes, since many readers of JSON round larger numbers. The weight is a number, 1
// to 2^40 - 1; all members have one or none has. Spaces and tabs may stand between all of these, but no
// escapes in a text, and nothing else in an object. Lines end as for [CSV].
//
// The sequence ends with its first error, which names the line, and is read once.
func JSONLines(in io.Reader) iter.Seq2[Member, error] {
	weighted := false
	return records(in, func(line int, text []byte) (Member, error) {
		m, err := parseObject(text)
		if err != nil {
			return m, err
		}
		if line == 1 {
			weighted = m.Weight > 0
		}
		switch {
		case weighted && m.Weight == 0:
			err = errors.New("no weight, where line 1 has one")
		case !weighted && m.Weight > 0:
			err = errors.New("a weight, where line 1 has none")
		}
		return m, err
	})
}

// records returns what parse makes of each line, numbered from 1, save the zero Member, which is a header.
func records(in io.Reader, parse func(line int, text []byte) (Member, error)) iter.Seq2[Member, error] {
	return func(yield func(Member, error) bool) {
		r := bufio.NewReaderSize(in, 1<<16)
		for line := 1; ; line++ {
			text, err := r.ReadSlice('\n')
			var m Member
			switch {
			case len(text) > maxLine:
				err = fmt.Errorf("%w: line %d: more than %d bytes", ErrMalformed, line, maxLine)
			case errors.Is(err, io.EOF) && len(text) == 0:
				return
			case errors.Is(err, io.EOF):
				err = fmt.Errorf("%w: line %d: the text ends within it: add a line feed if it is whole", ErrMalformed, line)
			case err != nil:
				err = fmt.Errorf("census: line %d: %w", line, err)
			default:
				if m, err = parse(line, bytes.TrimSuffix(text[:len(text)-1], []byte("\r"))); err != nil {
					err = fmt.Errorf("%w: line %d: %w", ErrMalformed, line, err)
				}
			}
			if err != nil {
				yield(Member{}, err)
				return
			}
			if m != (Member{}) && !yield(m, nil) {
				return
			}
		}
	}
}

func parseCommitment(text []byte) (c Commitment, err error) {
	b, err := parseDecimal(text)
	if err != nil {
		return c, fmt.Errorf("commitment: %w", err)
	}
	if b == [32]byte{} {
		return c, errZero
	}
	return b, nil
}

func parseWeight(text []byte) (w uint64, err error) {
	err = errors.New("weight: not a number from 1 to 2^40 - 1, without leading zeros")
	if len(text) == 0 || text[0] == '0' {
		return 0, err
	}
	for _, d := range text {
		if d < '0' || d > '9' {
			return 0, err
		}
		if w = 10*w + uint64(d-'0'); w > maxWeight {
			return 0, err
		}
	}
	return w, nil
}

// parseObject reads one line of JSON. encoding/json would take keys in any case, twice, and without saying where.
func parseObject(text []byte) (m Member, err error) {
	s := scanner(text)
	if !s.take('{') {
		return m, errors.New("not a JSON object")
	}
	for more := true; more; {
		key, ok := s.quoted()
		if !ok || !s.take(':') {
			return m, errors.New(`"commitment": or "weight": wanted`)
		}
		switch name := string(key); {
		case name == "commitment" && m.Commitment == Commitment{}:
			value, ok := s.quoted()
			if !ok {
				return m, errors.New("commitment: not a decimal number in quotes")
			}
			m.Commitment, err = parseCommitment(value)
		case name == "weight" && m.Weight == 0:
			m.Weight, err = parseWeight(s.number())
		case name == "commitment" || name == "weight":
			err = fmt.Errorf("%s: given twice", name)
		default:
			err = fmt.Errorf("%q: commitment or weight wanted", key)
		}
		if err != nil {
			return m, err
		}
		if more = s.take(','); !more && !s.take('}') {
			return m, fmt.Errorf("a comma or the object's end wanted before %q", s)
		}
	}
	if s.skip(); len(s) > 0 {
		return m, fmt.Errorf("%q after the object", s)
	}
	if m.Commitment == (Commitment{}) {
		return m, errors.New("no commitment")
	}
	return m, nil
}

// scanner is what is left of a line.
type scanner []byte

func (s *scanner) skip() { *s = bytes.TrimLeft(*s, " \t") }

// take takes the next character if it is c.
func (s *scanner) take(c byte) bool {
	s.skip()
	if len(*s) == 0 || (*s)[0] != c {
		return false
	}
	*s = (*s)[1:]
	return true
}

// quoted takes a text, up to the next quotation mark.
func (s *scanner) quoted() (text []byte, ok bool) {
	if s.take('"') {
		text, *s, ok = bytes.Cut(*s, []byte(`"`))
	}
	return text, ok
}

// number takes digits.
func (s *scanner) number() []byte {
	s.skip()
	n := 0
	for n < len(*s) && (*s)[n] >= '0' && (*s)[n] <= '9' {
		n++
	}
	digits := (*s)[:n]
	*s = (*s)[n:]
	return digits
}
