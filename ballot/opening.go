package ballot

import (
	"fmt"
	"io"
	"slices"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/wire"
)

// Opening shows what a spoiled ballot encrypts: its bits and its randomness. It is carried to
// another device, which checks it against the digest that the first one showed before. It is
// secret as far as the votes in it are; it says nothing about the voter.
type Opening struct {
	election  ElectionID
	questions []opened
}

type opened struct {
	bits []uint8
	r    []babyjub.Scalar
}

func (o *opened) witness() witness {
	w := witness{b: make([]babyjub.Scalar, len(o.bits)), r: o.r}
	for i, b := range o.bits {
		w.b[i].SetUint64(uint64(b))
	}
	return w
}

// encrypt returns the ciphertexts j = Enc(L_j(b); r_j) of all questions.
func (o *Opening) encrypt(m *Manifest) []answer {
	out := make([]answer, len(o.questions))
	for i, l := range m.layouts {
		q := &o.questions[i]
		for j, f := range l.forms {
			out[i].ciphertexts = append(out[i].ciphertexts, m.key.Encrypt(uint64(f.value(q.bits)), &q.r[j]))
		}
		out[i].encoded = ciphertextBytes(out[i].ciphertexts)
	}
	return out
}

// Verify encrypts the opened votes again and compares with digest, the Sealed.Digest that was
// shown before. It returns the votes, which the voter compares with what she entered. The
// error is ErrInvalid if the digest is not that of these votes.
func (o *Opening) Verify(m *Manifest, digest [32]byte) (map[QuestionID]Vote, error) {
	if o.election != m.id {
		return nil, fmt.Errorf("%w: opening of election %s, this is %s", ErrUnknownElection, o.election, m.id)
	}
	votes := map[QuestionID]Vote{}
	for i, q := range m.draft.Questions {
		if !m.layouts[i].satisfied(o.questions[i].bits) {
			return nil, fmt.Errorf("%w: opening: question %q: not a vote that the rule allows", ErrInvalid, q.ID)
		}
		votes[q.ID] = q.Rule.read(o.questions[i].bits, q.Options)
	}
	if sealedDigest(m.id, o.encrypt(m)) != digest {
		return nil, fmt.Errorf("%w: opening: the device encrypted other votes than it opens", ErrInvalid)
	}
	return votes, nil
}

// Bytes returns the encoding that ParseOpening reads.
func (o *Opening) Bytes() []byte {
	var w wire.Writer
	w.Uint8(formatVersion)
	w.Raw(o.election[:])
	for i := range o.questions {
		w.Raw(o.questions[i].bits)
		for j := range o.questions[i].r {
			r := o.questions[i].r[j].Bytes()
			w.Raw(r[:])
		}
	}
	return w.Bytes()
}

// ParseOpening reads an opening of the election m.
func ParseOpening(m *Manifest, raw []byte) (*Opening, error) {
	r := wire.NewReader(raw)
	if v := r.Uint8(); r.Err() == nil && v != formatVersion {
		return nil, fmt.Errorf("%w: opening: format version %d, %d wanted", ErrMalformed, v, formatVersion)
	}
	o := &Opening{}
	if id := r.Raw(32); id != nil {
		o.election = ElectionID(id)
		if o.election != m.id {
			return nil, fmt.Errorf("%w: opening of election %s, this is %s", ErrUnknownElection, o.election, m.id)
		}
	}
	for _, l := range m.layouts {
		q := opened{bits: slices.Clone(r.Raw(l.bits)), r: make([]babyjub.Scalar, len(l.forms))}
		for _, b := range q.bits {
			if b > 1 {
				r.Fail(fmt.Errorf("%d is no bit", b))
			}
		}
		for j := range q.r {
			if b := r.Raw(scalarSize); b != nil {
				if err := q.r[j].SetBytes(b); err != nil {
					r.Fail(err)
				}
			}
		}
		o.questions = append(o.questions, q)
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: opening: %v", ErrMalformed, err)
	}
	return o, nil
}

func (o *Opening) clone() *Opening {
	c := &Opening{election: o.election, questions: slices.Clone(o.questions)}
	for i := range c.questions {
		c.questions[i].bits = slices.Clone(c.questions[i].bits)
		c.questions[i].r = slices.Clone(c.questions[i].r)
	}
	return c
}

func (o *Opening) wipe() {
	for i := range o.questions {
		clear(o.questions[i].bits)
		clear(o.questions[i].r)
	}
	o.questions = nil
}

// Format writes "Opening(redacted)" whatever the verb.
func (o Opening) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "Opening(redacted)") }
