/* One instruction each of what the board's processor lacks, and the 8-bit product that it has. */
int main(void) {
#ifdef LACKING
  __asm__ volatile(
      ".arch armv8.2-a+crypto+sha3+dotprod\n\t"
      "pmull v0.1q, v1.1d, v2.1d\n\taese v0.16b, v1.16b\n\tsha256h q0, q1, v2.4s\n\t"
      "ldaddal x0, x1, [x2]\n\tudot v0.4s, v1.16b, v2.16b");
#endif
  __asm__ volatile("pmull v0.8h, v1.8b, v2.8b");
  return 0;
}
