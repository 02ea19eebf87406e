package babyjub

import ("testing";"math/big";"crypto/rand"; ij "github.com/iden3/go-iden3-crypto/babyjub")
func TestSmoke(t *testing.T) {
  for range 20 {
  var b [64]byte; rand.Read(b[:]); var s Scalar; s.SetUniformBytes(b[:])
  want:=new(big.Int).Mod(new(big.Int).SetBytes(b[:]), ij.SubOrder)
  if s.BigInt().Cmp(want)!=0 {t.Fatal("uniform")}
  g:=NewGenerator()
  var p1,p2,p3,p4 Point
  p1.ScalarMul(&s,g); p2.VarTimeScalarMul(&s,g); p3.ScalarBaseMul(&s); p4.VarTimeScalarBaseMul(&s)
  w:=ij.NewPoint().Mul(want, ij.B8)
  x,_:=p1.Affine(); _=x
  pb:=p1.Bytes()
  if new(big.Int).SetBytes(pb[:32]).Cmp(w.X)!=0 {t.Fatal("x")}
  if !p1.Equal(&p2)||!p1.Equal(&p3)||!p1.Equal(&p4) {t.Fatal("neq")}
  ss:=make([]Scalar,300); ps:=make([]Point,300)
  acc:=NewIdentity()
  for i:= range ss { ss[i].SetUint64(uint64(i)).Mul(&ss[i],&s); ps[i]=HashToPoint(string(rune(i))); var m Point; acc.Add(acc, m.ScalarMul(&ss[i],&ps[i])) }
  m:=VarTimeMultiScalarMul(ss,ps)
  if !m.Equal(acc){t.Fatal("msm")}
  m=VarTimeMultiScalarMul(ss[:100],ps[:100])
  n:=VarTimeMultiScalarMul(ss[100:],ps[100:])
  if !m.Add(&m,&n).Equal(acc){t.Fatal("msm2")}
  if !p1.InSubgroup() {t.Fatal()}
  var inv Scalar; inv.Inverse(&s); if inv.Mul(&inv,&s).BigInt().Cmp(big.NewInt(1))!=0 {t.Fatal("inv")}
  }
}
