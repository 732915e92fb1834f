/* The libm functions that key lengths and alignment need, declared one by one so that every build imports the same. */
#ifndef GIMBAL_CMATH_H
#define GIMBAL_CMATH_H
double log(double);
double exp(double);
double log1p(double);
double expm1(double);
double sqrt(double);
double pow(double, double);
double atan2(double, double);
#endif
