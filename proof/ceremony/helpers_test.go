package ceremony

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"math/big"
	"slices"
	"sync"
	"testing/fstest"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"

	"github.com/scrutin/scrutin/proof/prover"
)

// small is the smallest relation: 2^11 powers.
var small = prover.Relation{Depth: 1}

// other is a relation that no files of the tests are of.
var other = prover.Relation{Depth: 2}

const source = "test.ptau"

// knownPowers returns powers of known numbers.
func knownPowers(n int, tau, alpha, beta fr.Element) mpcsetup.SrsCommons {
	powers := make([]fr.Element, 2*n-1)
	powers[0].SetOne()
	for i := 1; i < len(powers); i++ {
		powers[i].Mul(&powers[i-1], &tau)
	}
	times := func(x fr.Element) []fr.Element {
		out := slices.Clone(powers[:n])
		for i := range out {
			out[i].Mul(&out[i], &x)
		}
		return out
	}
	_, _, g1, g2 := bn254.Generators()
	var srs mpcsetup.SrsCommons
	srs.G1.Tau = bn254.BatchScalarMultiplicationG1(&g1, powers)
	srs.G1.AlphaTau = bn254.BatchScalarMultiplicationG1(&g1, times(alpha))
	srs.G1.BetaTau = bn254.BatchScalarMultiplicationG1(&g1, times(beta))
	srs.G2.Tau = bn254.BatchScalarMultiplicationG2(&g2, powers[:n])
	srs.G2.Beta.ScalarMultiplicationBase(beta.BigInt(new(big.Int)))
	return srs
}

func random() (e fr.Element) {
	e.MustSetRandom()
	return e
}

// ptauFile writes powers as snarkjs does.
func ptauFile(power int, srs *mpcsetup.SrsCommons) []byte {
	var out bytes.Buffer
	u32 := func(w *bytes.Buffer, v ...uint32) {
		for _, x := range v {
			w.Write(binary.LittleEndian.AppendUint32(nil, x))
		}
	}
	out.WriteString("ptau")
	u32(&out, 1, 7)
	put := func(id uint32, write func(w *bytes.Buffer)) {
		var section bytes.Buffer
		write(&section)
		u32(&out, id)
		out.Write(binary.LittleEndian.AppendUint64(nil, uint64(section.Len())))
		out.Write(section.Bytes())
	}
	coordinates := func(w *bytes.Buffer, list ...fp.Element) {
		for _, e := range list {
			for _, limb := range e {
				w.Write(binary.LittleEndian.AppendUint64(nil, limb))
			}
		}
	}
	g1 := func(points []bn254.G1Affine) func(w *bytes.Buffer) {
		return func(w *bytes.Buffer) {
			for _, p := range points {
				coordinates(w, p.X, p.Y)
			}
		}
	}
	g2 := func(points ...bn254.G2Affine) func(w *bytes.Buffer) {
		return func(w *bytes.Buffer) {
			for _, p := range points {
				coordinates(w, p.X.A0, p.X.A1, p.Y.A0, p.Y.A1)
			}
		}
	}
	put(1, func(w *bytes.Buffer) {
		modulus := fp.Modulus().FillBytes(make([]byte, fp.Bytes))
		slices.Reverse(modulus)
		u32(w, fp.Bytes)
		w.Write(modulus)
		u32(w, uint32(power), uint32(power))
	})
	put(2, g1(srs.G1.Tau))
	put(3, g2(srs.G2.Tau...))
	put(4, g1(srs.G1.AlphaTau))
	put(5, g1(srs.G1.BetaTau))
	put(6, g2(srs.G2.Beta))
	put(7, func(w *bytes.Buffer) { u32(w, 0) })
	return out.Bytes()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// begun is a ceremony that has started and has no contribution yet.
var begun = sync.OnceValue(func() fstest.MapFS {
	srs := knownPowers(1<<11, random(), random(), random())
	file := ptauFile(11, &srs)
	powers := must(ReadPtau(bytes.NewReader(file), int64(len(file)), small, source))
	return fstest.MapFS{
		PowersFile: {Data: powers.Bytes()},
		OriginFile: {Data: must(powers.OriginBytes())},
		StartFile:  {Data: must(Start(context.Background(), powers))},
	}
})

var names = []string{"Ada Lovelace", "Émilie du Châtelet", "Sofja Kowalewskaja"}

var beacon = Beacon{Source: "drand quicknet, round 23456789", Value: bytes.Repeat([]byte{0xab}, 32)}

// held is a ceremony of three, with the key and the transcript that it ends in.
var held = sync.OnceValue(func() (h struct {
	files      fstest.MapFS
	key        *prover.ProvingKey
	transcript *Transcript
	states     []Ceremony // after 0, 1, … contributions
}) {
	h.files = maps.Clone(begun())
	begin := *opened()
	c := &begin
	h.states = append(h.states, begin)
	for i, name := range names {
		h.files[ContributionFile(i+1)] = &fstest.MapFile{Data: must(c.Contribute(context.Background(), name))}
		state := *c
		state.made = slices.Clip(state.made)
		h.states = append(h.states, state)
	}
	var err error
	h.key, h.transcript, err = c.Finalize(context.Background(), beacon)
	if err != nil {
		panic(err)
	}
	h.files[TranscriptFile] = &fstest.MapFile{Data: must(h.transcript.Bytes())}
	return h
})

// with returns the files with one of them changed; nil takes it away.
func with(files fstest.MapFS, name string, edit func(b []byte) []byte) fstest.MapFS {
	out := maps.Clone(files)
	if edit == nil {
		delete(out, name)
		return out
	}
	var old []byte
	if f := files[name]; f != nil {
		old = bytes.Clone(f.Data)
	}
	out[name] = &fstest.MapFile{Data: edit(old)}
	return out
}

// after returns the ceremony with the first n of its contributions. Ceremonies share what they do not change.
func after(n int) *Ceremony {
	c := held().states[n]
	return &c
}

var opened = sync.OnceValue(func() *Ceremony { return must(Open(context.Background(), begun())) })

// file is one of the held ceremony, edited.
func file(number int, edit func(b []byte)) []byte {
	b := bytes.Clone(held().files[ContributionFile(number)].Data)
	edit(b)
	return b
}
