// Not built by this project; see ../README.md.
plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "org.edgernn"
    compileSdk = 35
    defaultConfig {
        minSdk = 21
        consumerProguardFiles("rules.pro")
        externalNativeBuild {
            cmake { arguments += "-DANDROID_SUPPORT_FLEXIBLE_PAGE_SIZES=ON" }
        }
    }
    // The sources of the jar: nothing is copied.
    sourceSets["main"].java.srcDirs("../../src/main/java", "../../src/main/kotlin")
    externalNativeBuild {
        cmake { path = file("CMakeLists.txt") }
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
    kotlinOptions { jvmTarget = "1.8" }
}
